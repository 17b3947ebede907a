from __future__ import annotations

import pytest
from IPython.core.error import UsageError

import mars_nb
from mars_nb.notebook import extension
from mars_nb.notebook.tables import NONE_OPEN, Table, describe, listing


@pytest.fixture
def magic(shell, capsys):
    """Run a line of %mars_session and give what it says."""
    extension.load(shell)

    def run(line: str) -> str:
        shell.run_line_magic("mars_session", line)
        return capsys.readouterr().out.strip()

    yield run
    extension.unload(shell)


@pytest.fixture
def in_cell(shell, magic):
    """Run a cell with %%mars_session."""
    return lambda line, cell: shell.run_cell(f"%%mars_session {line}\n{cell}")


def default() -> str | None:
    session = mars_nb.get_default_session()
    return None if session is None else session.name


def test_list_without_sessions(magic):
    assert magic("") == magic("list") == NONE_OPEN


def test_new_use_list_close(magic):
    assert magic("new etl --threads 3") == "session 'etl' is open, 3 threads; the default session is 'etl'"
    assert magic("new 'my tests' --no-default --threads 1").startswith("session 'my tests' is open, 1 thread;")
    assert default() == "etl"
    head, first, second = magic("").splitlines()
    assert head.split() == ["default", "name", "threads", "results", "bytes", "running", "tasks"]
    assert first.split() == ["*", "etl", "3", "0", "0", "B", "0"]
    assert second.split() == ["my", "tests", "1", "0", "0", "B", "0"]
    assert magic('use "my tests"') == "the default session is 'my tests'"
    assert default() == "my tests"
    assert magic("close etl") == "session 'etl' is closed, its results are freed; the default session is 'my tests'"
    assert magic("close 'my tests'").endswith("there is no default session")
    assert not mars_nb.sessions


def test_new_of_an_open_session_takes_that_one(magic):
    magic("new etl --threads 2")
    magic("new other --threads 2")
    assert magic("new etl") == "session 'etl' was open already, 2 threads; the default session is 'etl'"
    magic("use other")
    magic("new etl --no-default")
    assert default() == "other"
    with pytest.raises(UsageError, match="'etl' is open with 2 threads"):
        magic("new etl --threads 3")


def test_info(magic):
    assert magic("info") == NONE_OPEN
    session = mars_nb.new_session(name="etl", n_threads=1)
    import mars_nb.tensor as mt

    kept = mt.ones((2, 3)).execute()
    said = magic("info")
    assert said == magic("info etl")
    assert "Session 'etl', the default" in said
    assert session.session_id in said
    assert "local, 1 thread;" in said
    assert "TensorOnes" in said
    assert "2 x 3" in said
    assert "done" in said
    mars_nb.new_session(name="other", default=False)
    session.close()
    with pytest.raises(UsageError, match="no default session; open are: 'other'"):
        magic("info")
    del kept


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("use weathr", "no session named 'weathr'; did you mean 'weather'?"),
        ("close xyz", "no session named 'xyz'; open are: 'weather'"),
        ("info weathr", "did you mean 'weather'?"),
        ("ues weather", "there is no command 'ues'; did you mean 'use'?"),
        ("weather", "'weather' is a session, not a command; did you mean: %mars_session use weather"),
        ("xyz", "there is no command 'xyz'; there are list, new, use, close, info"),
        ("new", "the following arguments are required: NAME"),
        ("new a b", "unrecognized arguments: b"),
        ("new a --threads many", "invalid int value: 'many'"),
        ("new a --threads 0", "n_threads must be a whole number from 1"),
        ("new ''", "a text that is not empty"),
        ("use 'weather", "No closing quotation"),
    ],
)
def test_wrong_lines_are_one_clear_line(magic, line, message):
    mars_nb.new_session(name="weather")
    with pytest.raises(UsageError) as caught:
        magic(line)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(mars_nb.sessions) == ["weather"]


def test_cell_runs_in_the_session(in_cell, shell, capsys):
    mars_nb.new_session(name="one")
    mars_nb.new_session(name="my two", default=False)
    done = in_cell("'my two'", "import mars_nb\nname = mars_nb.get_default_session().name\nname.upper()")
    assert done.success
    assert shell.user_ns["name"] == "my two"
    assert "'MY TWO'" in capsys.readouterr().out
    assert default() == "one"


@pytest.mark.parametrize("code", ["x = 1\n1 / 0", "x = ", "raise KeyboardInterrupt"])
def test_cell_that_raises_puts_the_default_back(in_cell, capsys, code):
    mars_nb.new_session(name="one")
    mars_nb.new_session(name="two", default=False)
    done = in_cell("two", code)
    assert not done.success
    assert default() == "one"
    assert capsys.readouterr().out.count("Traceback (most recent call last)") <= 1


def test_error_in_a_cell_shows_the_cells_own_line_number(in_cell, capsys):
    mars_nb.new_session(name="one")
    in_cell("one", "x = 1\nx / 0")
    assert "----> 3 x / 0" in capsys.readouterr().out


def test_cell_puts_back_what_the_cell_changed(in_cell):
    mars_nb.new_session(name="one")
    mars_nb.new_session(name="two", default=False)
    in_cell("two", "import mars_nb\nmars_nb.new_session(name='three')")
    assert default() == "one"
    in_cell("two", "%mars_session use three")
    assert default() == "one"


def test_cell_without_a_default_before(in_cell):
    mars_nb.new_session(name="two", default=False)
    in_cell("two", "pass")
    assert default() is None


def test_cell_that_closes_sessions(in_cell, capsys):
    mars_nb.new_session(name="one")
    mars_nb.new_session(name="two", default=False)
    in_cell("two", "%mars_session close two")
    assert "note: session 'two' was closed in this cell; the default session now: 'one'" in capsys.readouterr().out
    assert default() == "one"
    mars_nb.new_session(name="two", default=False)
    in_cell("two", "%mars_session close one")
    assert default() is None
    in_cell("two", "%mars_session close two")
    assert "the default session now: none" in capsys.readouterr().out


@pytest.mark.parametrize(("line", "message"), [("", "takes the name of one session"), ("twoo", "did you mean 'two'")])
def test_cell_with_a_wrong_line(magic, shell, line, message):
    mars_nb.new_session(name="two")
    with pytest.raises(UsageError, match=message):
        shell.run_cell_magic("mars_session", line, "never = True")
    assert "never" not in shell.user_ns


def test_help(shell, magic):
    text = shell.inspector._get_info(shell.find_line_magic("mars_session"))["text/plain"]
    for command in ("list", "new NAME", "use NAME", "info [NAME]", "close NAME", "%%mars_session NAME", "--threads"):
        assert command in text


def test_table_as_html_escapes():
    table = Table(["name", "<n>"], [["<b>", "1"]], frozenset({"<n>"}), "a & b")
    assert repr(table) == "a & b\nname  <n>\n<b>     1"
    text = table._repr_html_()
    assert "<b>" not in text
    assert "&lt;b&gt;" in text
    assert "a &amp; b" in text
    assert '<td style="text-align: right">1</td>' in text


def test_pages_have_both_forms(session):
    for page in (listing([]), listing([session]), describe(session)):
        assert repr(page)
        assert page._repr_html_().startswith(("<p>", "<table>"))
