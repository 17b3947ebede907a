from __future__ import annotations

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


def test_cells_have_ipythons_numbers(shell):
    ids = CellIds()
    shell.run_cell("1", store_history=True, cell_id="before")
    ids_now = []
    shell.user_ns["look"] = lambda: ids_now.append(
        {count: ids.where(f"In[{count}], line 1")["cell"] for count in (1, 2, 3, 4)}
    )
    events = {"pre_run_cell": ids.begin, "post_run_cell": ids.end}
    shell.user_ns["load"] = lambda: [shell.events.register(*event) for event in events.items()]
    try:
        shell.run_cell("load()", store_history=True, cell_id="load")
        shell.run_cell("look()", store_history=False, cell_id="unnumbered")
        shell.run_cell("look()", store_history=True, cell_id="third")
        shell.run_cell(" ", store_history=True, cell_id="empty")
        shell.run_cell("look(", store_history=True, cell_id="fourth")
        shell.run_cell("look()", store_history=True)  # a front end that tells no ids
    finally:
        for event in events.items():
            shell.events.unregister(*event)
    assert ids_now == [
        {1: "", 2: "load", 3: "", 4: ""},
        {1: "", 2: "load", 3: "third", 4: ""},
        {1: "", 2: "load", 3: "third", 4: "fourth"},
    ]
