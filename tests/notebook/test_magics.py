from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.async_helpers import get_asyncio_loop
from IPython.core.error import UsageError

import mars_nb
from mars_nb.errors import ClusterUnavailable
from mars_nb.notebook import extension
from mars_nb.notebook.commands import COMMANDS
from mars_nb.session import api
from mars_nb.session.pages import NONE_OPEN


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
    assert head.split() == ["default", "name", "threads", "results", "bytes", "memory", "running", "tasks"]
    assert first.split()[:8] == ["*", "etl", "3", "0", "0", "B", "0", "B"]
    assert second.split()[:8] == ["my", "tests", "1", "0", "0", "B", "0", "B"]
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


def test_new_takes_options_of_sessions(magic):
    magic("new etl --memory-limit 1GiB")
    assert mars_nb.sessions["etl"].memory_limit == 2**30
    assert magic("new").startswith("session 'session-")
    with pytest.raises(UsageError, match=r"new: .*memory"):
        magic("new other --memory-limit much")


def test_rename(magic):
    session = mars_nb.new_session(name="etl")
    mars_nb.new_session(name="other", default=False)
    assert magic("rename weather") == "session 'etl' is named 'weather' now"
    assert magic("rename weather 'the weather'") == "session 'weather' is named 'the weather' now"
    assert session.name == "the weather"
    with pytest.raises(UsageError, match="there is an open session 'other' already"):
        magic("rename other")


def test_close_all(magic):
    for name in ("one", "two"):
        mars_nb.new_session(name=name)
    said = magic("close --all")
    assert said == "sessions 'one', 'two' are closed, their results are freed; there is no default session"
    assert not mars_nb.sessions
    assert magic("close --all") == "no session is open"


def test_connect(magic, monkeypatch):
    url = "tcp://me:pw@host:7103/?token=abc"
    opened = []

    def new_session(address, **options):
        opened.append((address, options))
        return made

    with mars_nb.new_session(name="far", default=False) as made:
        monkeypatch.setattr(api, "new_session", new_session)
        said = magic(f"connect {url} --name far --no-default")
    assert opened == [(url, {"name": "far", "default": False})]
    assert said == "session 'far' is connected to tcp://host:7103/; there is no default session"


def test_move(magic, monkeypatch):
    moved = []

    def move_to(session, *how, dry_run):
        moved.append((session.name, *how))
        return session

    with mars_nb.new_session(name="etl") as etl, mars_nb.new_session(name="other", default=False) as other:
        said = magic("move tcp://host:7103/?token=abc --dry-run --session other")
        assert said.startswith("moving 0 results of session 'other' to tcp://host:7103/")
        assert not other.closed
        monkeypatch.setattr(type(etl), "move_to", move_to)
        assert magic("move tcp://host:7103") == "session 'etl' is on None now; the default session is 'etl'"
        magic("move tcp://host:7103 --recompute --session other")
    assert moved == [("etl", "tcp://host:7103", "auto"), ("other", "tcp://host:7103", "recompute")]


def test_move_says_what_is_wrong(magic):
    with mars_nb.new_session(name="etl"):
        with pytest.raises(UsageError, match="move: Address scheme foo not supported"):
            magic("move foo://host:7103/?token=abc")
        with pytest.raises(UsageError, match="move does not take '--recomput'; did you mean '--recompute'"):
            magic("move tcp://host:7103 --recomput")
    with pytest.raises(UsageError, match="no open sessions"):
        magic("move tcp://host:7103")


def test_connect_says_what_is_wrong_without_secrets(magic, monkeypatch):
    def new_session(address, **options):
        raise ClusterUnavailable("nobody answers", hints=["mars_nb.new_session()", "more"])

    for line in ("connect foo://me:pw@host:7103/?token=abc", "http://me:pw@host:7103/?token=abc"):
        with pytest.raises(UsageError) as caught:
            magic(line)
        assert "abc" not in str(caught.value)
        assert "pw" not in str(caught.value)
    monkeypatch.setattr(api, "new_session", new_session)
    with pytest.raises(UsageError, match=r"connect: nobody answers; try: mars_nb.new_session\(\)$"):
        magic("connect tcp://host:7103")


def test_help_of_commands(magic):
    text = magic("help")
    for name in COMMANDS:
        assert f"%mars_session {name}" in text
        assert magic(f"help {name}") in text
    with pytest.raises(UsageError, match="did you mean 'close'"):
        magic("help clsoe")


def test_info(magic):
    with pytest.raises(UsageError, match="no open sessions"):
        magic("info")
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
        ("xyz", "there is no command 'xyz'; there are list, new, use, "),
        ("use", "the following arguments are required: NAME; %mars_session help use"),
        ("close", "close takes either a name or --all; open are: 'weather'"),
        ("close weather --all", "either a name or --all"),
        ("new a b", "new does not take 'b'; it is written: new [NAME] [--threads N]"),
        ("new a --thread 3", "does not take '--thread'; did you mean '--threads'?"),
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


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "takes the name of a session; this one is written: %%mars_session [NAME] [--background]"),
        ("twoo", "did you mean 'two'"),
        ("two --backgrund", "did you mean '--background'"),
    ],
)
def test_cell_with_a_wrong_line(in_cell, shell, capsys, line, message):
    mars_nb.new_session(name="two")
    assert not in_cell(line, "never = True").success
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert "never" not in shell.user_ns


def test_a_cell_is_an_ordinary_cell(in_cell, shell):
    mars_nb.new_session(name="two", default=False)
    assert in_cell("two", "value = 5\n%time value + 1").success
    done = shell.run_cell("%%mars_session two\n'kept'", store_history=True)
    assert done.result == "kept"
    assert shell.user_ns["_"] == "kept"
    assert shell.run_cell(
        "%%time\n%%mars_session two\ninner = __import__('mars_nb').get_default_session().name"
    ).success
    assert shell.user_ns["inner"] == "two"
    assert default() is None


def test_cell_that_awaits(in_cell, shell):
    mars_nb.new_session(name="two", default=False)
    code = "import mars.tensor as mt\ntask = mt.ones(3).sum().execute(wait=False)\n(await task).fetch()"
    assert in_cell("two", code).result == 3.0
    assert default() is None
    assert not in_cell("two", "await task\n1 / 0").success
    assert default() is None
    get_asyncio_loop().close()  # IPython's own


def test_cells_inside_cells(in_cell, shell):
    for name in ("one", "two", "three"):
        mars_nb.new_session(name=name)
    code = """
import mars_nb
def now():
    return mars_nb.get_default_session().name
names = [now()]
get_ipython().run_cell("%%mars_session one\\nnames.append(now())")
get_ipython().run_cell("")
names.append(now())
"""
    assert in_cell("two", code).success
    assert shell.user_ns["names"] == ["two", "one", "two"]
    assert default() == "three"


def test_called_by_a_program(shell, magic):
    for name in ("one", "two"):
        mars_nb.new_session(name=name)
    shell.run_cell_magic("mars_session", "one", "import mars_nb\nname = mars_nb.get_default_session().name")
    assert shell.user_ns["name"] == "one"
    assert default() == "two"
    with pytest.raises(ZeroDivisionError):
        shell.run_cell_magic("mars_session", "one", "1 / 0")
    assert default() == "two"


def test_outside_of_a_cell_there_is_nothing_to_leave(shell, magic):
    mars_nb.new_session(name="one", default=False)
    with pytest.raises(UsageError, match="works in cells only"):
        shell.run_cell_magic("mars_session", "one", "\n")
    assert default() is None


def test_unloading_in_a_cell_puts_the_default_back(in_cell):
    mars_nb.new_session(name="one")
    mars_nb.new_session(name="two", default=False)
    assert in_cell("two", "%unload_ext mars_nb").success
    assert default() == "one"


def test_help(shell, magic):
    text = shell.inspector._get_info(shell.find_line_magic("mars_session"))["text/plain"]
    assert "{commands}" not in text
    for name, command in COMMANDS.items():
        assert f"%mars_session {command.usage(name)}\n" in text
        assert command.doc in text
    assert "%%mars_session NAME" in text
    assert "Examples" in text
    shell.run_cell("%%mars_session?")


def test_the_guide_tells_of_all_commands():
    guide = (Path(__file__).parents[2] / "docs" / "sessions.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"| `%mars_session {name}" in guide or f", `%mars_session {name}`" in guide
    assert "--background" in guide
