from __future__ import annotations

from types import SimpleNamespace

import pytest

from mars_nb.notebook.sidebar.cellids import REMEMBERED, CellIds


@pytest.mark.parametrize(
    ("place", "cell", "line"),
    [
        ("In[3], line 2", "abc", 2),
        ("In[4], line 12", "", 12),
        ("script.py, line 7", "", 7),
        ("my, line 3.py, line 7", "", 7),
        ("In[3].py, line 7", "", 7),
        ("<stdin>, line 1", "", 1),
        ("", "", 0),
        ("somewhere", "", 0),
    ],
)
def test_where(place, cell, line):
    ids = CellIds()
    ids.note(3, "abc")
    assert ids.where(place) == {"place": place, "cell": cell, "line": line}


def test_a_long_place_keeps_its_end():
    found = CellIds().where(f"{'x' * 500}.py, line 7")
    assert len(found["place"]) == 80
    assert found["place"].endswith(".py, line 7")
    assert found["line"] == 7


def test_only_the_last_cells_are_remembered():
    ids = CellIds()
    for count in range(1, REMEMBERED + 3):
        ids.note(count, f"cell {count}")
    assert ids.where("In[2], line 1")["cell"] == ""
    assert ids.where("In[3], line 1")["cell"] == "cell 3"
    assert ids.where(f"In[{REMEMBERED + 2}], line 1")["cell"] == f"cell {REMEMBERED + 2}"


def test_cells_that_ipython_tells_of():
    ids = CellIds()
    shell = SimpleNamespace(execution_count=5)
    ids.begin(shell, SimpleNamespace(cell_id="abc", store_history=True))
    ids.begin(shell, SimpleNamespace(cell_id=None, store_history=True))  # a front end that does not tell
    ids.begin(shell, SimpleNamespace(cell_id="def", store_history=False))  # gets no number of its own
    assert ids.where("In[5], line 1")["cell"] == "abc"
