"""The commands about results and tasks."""

from __future__ import annotations

import threading
import time

import dask.array as da
import pytest
from IPython.core.error import UsageError

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.notebook import extension


@pytest.fixture
def magic(shell, capsys):
    """Run a line of %mars_session and give what it says."""
    extension.load(shell)
    shell.push({"mars_nb": mars_nb, "mt": mt, "mr": mr})

    def run(line: str) -> str:
        capsys.readouterr()
        shell.run_line_magic("mars_session", line)
        return capsys.readouterr().out.strip()

    yield run
    extension.unload(shell)


def cell(shell, code: str):
    done = shell.run_cell(code, store_history=True)
    assert done.success
    return done


# --- results ---------------------------------------------------------------------------------------------------------


def test_results_are_named(magic, shell, session):
    assert magic("results") == f"session {session.name!r} holds no results"
    cell(shell, "a = mt.ones(3).execute()\nb = {'x': a, 'y': mt.ones((2, 2)).execute()}")
    number = shell.execution_count
    cell(shell, "a.sum().execute()")
    kept = mt.zeros(2).execute()
    lines = magic("results").splitlines()
    assert lines[1].split()[:5] == ["variable", "type", "shape", "bytes", "kept"]
    names = [line[: lines[1].index("type")].strip() for line in lines[2:]]
    assert names == ["a, b['x']", "b['y']", f"Out[{number}], _", "(no name)"]
    assert "2 x 2" in lines[3]
    assert lines == magic(f"results {session.name}").splitlines()
    assert "a, b['x']" in magic("info")
    del kept


def test_free(magic, shell, session):
    cell(shell, "a = mt.ones(1000).execute()")
    number = shell.execution_count
    cell(shell, "a")
    assert shell.user_ns["_"] is shell.user_ns["a"]
    said = magic("free a")
    assert said == f"freed 7.81 kiB of `a` in session {session.name!r}; a can be executed again"
    assert not session.results
    assert number not in shell.user_ns["Out"]
    assert f"_{number}" not in shell.user_ns
    cell(shell, "'next'")  # what the display hook holds by itself does not come back
    assert all(shell.user_ns[name] is not shell.user_ns["a"] for name in ("_", "__", "___"))
    cell(shell, "a.execute()")
    assert len(session.results) == 1


def test_free_several(magic, shell, session):
    cell(shell, "a, b = mt.ones(2).execute(), {'x': mt.ones(3).execute(), 'y': mt.ones(4).execute()}")
    cell(shell, "mt.ones(5).execute()")
    number = shell.execution_count - 1
    assert magic(f"free a b Out[{number}]").endswith(f"; a and b and Out[{number}] can be executed again")
    assert not session.results
    cell(shell, "a.execute(); b['x'].execute(); mars_nb.execute(b['y'])")
    assert "`b[x]`" in magic("free b[x]")
    assert "`b['y']`" in magic("free \"b['y']\"")
    assert len(session.results) == 1
    magic("free --all")
    assert not session.results


def test_what_is_computed_on_the_way_is_told_apart(magic, shell, session):
    cell(shell, "a = mr.spawn(bytes, args=(1000,))\nb = mr.spawn(len, args=(a,)).execute()")
    assert len(magic("results").splitlines()) == 3
    assert "1 result, 28 B; memory" in magic("info")
    assert "; 1 intermediate, " in magic("info")
    assert "of `a` in session" in magic("free a")
    assert "intermediate" not in magic("info")
    assert len(session.results) == 1
    cell(shell, "c = mr.spawn(sum, args=(a,)).execute()")
    magic("free --all")
    assert not session.results
    assert not session.intermediates


def test_free_of_dask_collections(magic, shell, session):
    shell.push({"x": da.arange(10, chunks=5)})
    cell(shell, "mars_nb.execute(x)")
    assert "x" in magic("results").splitlines()[2]
    assert "80 B of `x`" in magic("free x")
    assert not session.results


def test_free_in_another_session(magic, shell, session):
    other = mars_nb.new_session(name="my other", default=False)
    cell(shell, "a = mt.ones(2).execute(session=mars_nb.sessions['my other'])")
    with pytest.raises(UsageError) as caught:
        magic("free a")
    assert "but in 'my other': %mars_session free a --session 'my other'" in str(caught.value)
    magic("free a --session 'my other'")
    assert not other.results


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("free fram", "there is no variable 'fram'; did you mean 'frame'?"),
        ("free frame", "`frame` has no result in session 'etl'; it is lazy as it is"),
        ("free number", "`number` is no lazy object, but of type int"),
        ("free held number", "`number` is no lazy object"),
        ("free", "free takes either variables or --all"),
        ("free held --all", "free takes either variables or --all"),
        ("free held --session elt", "did you mean 'etl'?"),
        ("log nope", "there is no variable 'nope'"),
        ("results elt", "did you mean 'etl'?"),
        ("cancel x", "invalid int value: 'x'"),
    ],
)
def test_wrong_lines_are_one_clear_line(magic, shell, line, message):
    mars_nb.new_session(name="etl")
    cell(shell, "frame = mt.ones(2) + 1\nnumber = 3\nheld = mt.ones(2).execute()")
    with pytest.raises(UsageError) as caught:
        magic(line)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(mars_nb.sessions["etl"].results) == 1


def test_log(magic, shell, session):
    assert "printed nothing" in magic("log")
    cell(shell, "first = mr.spawn(print, args=('one',)).execute()\nsecond = mr.spawn(print, args=('two',)).execute()")
    assert magic("log first") == "one"
    assert magic("log") == magic("log second") == "two"
    cell(shell, "third = mt.ones(2).execute()")
    assert magic("log third") == f"`third` printed nothing in session {session.name!r}"


# --- tasks -----------------------------------------------------------------------------------------------------------


def test_tasks(magic, shell, session):
    assert magic("tasks") == f"session {session.name!r} has executed nothing yet"
    cell(shell, "mt.ones(3).execute()")
    number = session.tasks[0].number
    title, head, row = magic("tasks").splitlines()
    assert title == "tasks, newest last"
    assert head.split()[:2] == ["task", "computes"]
    assert row.split()[:2] == [str(number), "TensorOnes"]
    assert "done" in row


class Busy:
    """Tasks that run until they are told to end."""

    def __init__(self) -> None:
        self.end = threading.Event()

    def start(self, session):
        entered = threading.Event()

        def work() -> None:
            entered.set()
            self.end.wait(30)

        task = mr.spawn(work).execute(session=session, wait=False)
        assert entered.wait(30)
        return task


@pytest.fixture
def busy():
    made = Busy()
    yield made
    made.end.set()


def test_cancel_all(magic, session, busy):
    assert magic("cancel") == f"nothing is running in session {session.name!r}"
    tasks = [busy.start(session), busy.start(session)]
    with mars_nb.new_session(name="other", default=False) as other:
        elsewhere = busy.start(other)
        begin = time.perf_counter()
        said = magic("cancel").splitlines()
        assert time.perf_counter() - begin < 1
        newest = f"cancelled: task {tasks[1].number} (RemoteFunction) in session {session.name!r}"
        assert said[0] == f"{newest}, 0 of 1 chunk tasks were done"
        assert str(tasks[0].number) in said[1]
        assert [task.state for task in (*tasks, elsewhere)] == ["cancelled", "cancelled", "running"]
        assert f"task {elsewhere.number} " in magic("cancel --session other")


def test_cancel_by_number(magic, session, busy):
    with mars_nb.new_session(name="other", default=False) as other:
        here, there = busy.start(session), busy.start(other)
        assert f"cancelled: task {there.number} " in magic(f"cancel {there.number}")
        with pytest.raises(UsageError, match=f"task {there.number} is over: cancelled; running are: {here.number}"):
            magic(f"cancel {there.number}")
        with pytest.raises(UsageError, match=f"there is no task 0; running are: {here.number}"):
            magic("cancel 0")
        assert here.state == "running"


def test_cancelling_what_waits_starts_nothing(magic, session, busy):
    calls: list[int] = []
    with mars_nb.background() as tasks:
        first = mr.spawn(busy.end.wait, args=(30,)).execute()
        mr.spawn(calls.append, args=(first,)).execute()
    magic("cancel")
    assert [task.state for task in tasks] == ["cancelled"] * 2
    busy.end.set()
    mt.ones(2).execute()
    assert not calls


# --- in the background -----------------------------------------------------------------------------------------------


def test_cell_in_the_background(magic, shell, session, capsys):
    gate = threading.Event()
    shell.push({"gate": gate})
    code = "a = mr.spawn(gate.wait, args=(30,)).execute()\nb = mt.ones(2).execute()"
    cell(shell, f"%%mars_session {session.name} --background\n{code}")
    numbers = [task.number for task in session.running]
    said = capsys.readouterr().out
    assert f"{numbers[0]}" in said
    assert f"in the background in session {session.name!r} (%mars_session tasks, cancel)" in said
    gate.set()
    assert shell.user_ns["a"].fetch() is True
    assert shell.user_ns["b"].fetch().tolist() == [1, 1]


def test_cell_in_the_background_of_the_default_session(magic, shell, session, capsys):
    cell(shell, "%%mars_session --background\nc = mt.ones(2).execute()\nvalue = float(c.sum())")
    assert shell.user_ns["value"] == 2.0
    assert mt.ones(3).execute(wait=None) is not None
    assert mars_nb.get_default_session() is session


def test_failures_in_the_background_are_told(magic, shell, session, capsys):
    gate = threading.Event()

    def fail():
        gate.wait(30)
        raise ValueError("no")

    shell.push({"fail": fail})
    cell(shell, "%%mars_session --background\nc = mr.spawn(fail).execute()")
    task = session.running[0]
    capsys.readouterr()
    gate.set()
    with pytest.raises(ValueError, match="no"):
        task.result()
    deadline = time.monotonic() + 10
    said = ""
    while "failed" not in said and time.monotonic() < deadline:  # said by the thread that ends the task
        said += capsys.readouterr().out
    assert f"task {task.number} (RemoteFunction) in session {session.name!r} failed: ValueError: no;" in said


def test_in_the_background_of_a_kernel(kernel):
    kernel.ok("import threading, mars, mars.remote as mr, mars.tensor as mt\ngate = threading.Event()")
    kernel.ok("def fail():\n    gate.wait(30)\n    raise ValueError('no')\n%mars_session new etl")
    begun = kernel.ok(
        "%%mars_session --background\nbad = mr.spawn(fail).execute()\ngood = mt.ones(3).sum().execute()\ngood"
    )
    assert "in the background in session 'etl'" in begun.stream("stdout")
    assert kernel.ok("good.fetch()").result == "np.float64(3.0)"
    assert kernel.ok("mars.get_default_session().running[0].state").result == "'running'"
    said = ""
    deadline = time.monotonic() + 30
    while "failed" not in said and time.monotonic() < deadline:
        kernel.ok("gate.set()")
        for message in kernel.strays:  # what belongs to the cell that began it
            if message["msg_type"] == "stream":
                assert message["parent_header"]["msg_id"] == begun.message_id
                said += message["content"]["text"]
    assert "failed: ValueError: no; mars_nb.last_error tells where" in said
