"""``%mars_session save`` and ``restore``."""

from __future__ import annotations

import os

import numpy as np
import pytest
from IPython.core.error import UsageError
from jupyter_client.manager import start_new_kernel

import mars_nb
import mars_nb.dataframe as md
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.notebook import commands


@pytest.fixture
def magic(shell, capsys, tmp_path, monkeypatch):
    """Run a line of %mars_session in a directory of its own, and give what it says."""
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> str:
        commands.run(line, shell)
        return capsys.readouterr().out.strip()

    return run


@pytest.fixture
def etl(shell):
    """Give a session with results that variables name."""
    with mars_nb.new_session(name="etl") as session:
        df = md.DataFrame({"a": range(10)}, chunk_size=3).execute()
        shell.user_ns.update(df=df, total=df.a.sum().execute())
        yield session


def close_all() -> None:
    for session in list(mars_nb.sessions.values()):
        session.close()


def forget(shell) -> None:
    for name in ("df", "total"):
        shell.user_ns.pop(name, None)


def test_save_and_restore(magic, shell, etl, tmp_path):
    said = magic("save etl")
    assert said.startswith("saved 2 results of session 'etl', ")
    assert said.endswith("in etl.mars_nb: df, total")
    close_all()
    forget(shell)
    table, said = magic("restore etl").rsplit("\n", 1)
    assert said == "restored into session 'etl', from etl.mars_nb; the default session is 'etl'"
    head, first, second = table.splitlines()
    assert head.split() == ["name", "type", "shape", "bytes", "was", "recorded", "at"]
    assert first.split()[:5] == ["df", "DataFrame", "10", "x", "1"]
    assert "test_saving.py, line " in second
    assert second.endswith("df.a.sum().execute())")
    assert shell.user_ns["df"].fetch().a.tolist() == list(range(10))
    assert shell.user_ns["total"].fetch() == 45


def test_what_is_left_out_is_said(magic, shell, etl):
    shell.user_ns.update(
        lazy=mt.ones(3), model=mr.spawn(object).execute(), parts=[mt.ones(2).execute()], _hidden=mt.ones(1).execute()
    )
    first, *rest = magic("save etl").splitlines()
    assert first.endswith(": df, total")
    assert rest == [
        "not saved: model: a value of type builtins.object has no exact form without pickle",
        "not saved, because have no name of their own: parts[0]",
        "not saved, because not executed in this session: lazy",
    ]
    assert magic("save etl only_df --only df").endswith("in only_df: df")


def test_a_place_of_ones_own(magic, shell, etl, tmp_path, monkeypatch):
    (tmp_path / "my results").mkdir()
    magic("save etl 'my results/one'")
    monkeypatch.setenv("HOME", str(tmp_path))
    magic("save etl ~/two")
    forget(shell)
    magic("restore 'my results/one' --only df")
    assert "total" not in shell.user_ns
    magic("restore ~/two --only total")
    assert shell.user_ns["total"].fetch() == 45


def test_variables_that_are_there_stay(magic, shell, etl):
    magic("save etl")
    shell.user_ns["df"] = "mine"
    del shell.user_ns["total"]
    message = "you have variables of these names: df; --overwrite replaces them, --only total leaves them alone"
    with pytest.raises(UsageError, match=message):
        magic("restore etl")
    assert shell.user_ns["df"] == "mine"
    assert "total" not in shell.user_ns
    magic("restore etl --overwrite")
    assert len(shell.user_ns["df"].fetch()) == 10


def test_names_of_python_are_not_taken_unasked(magic, shell, etl):
    mars_nb.save("etl.mars_nb", {"open": shell.user_ns["df"]})
    with pytest.raises(UsageError, match="you have variables of these names: open"):
        magic("restore etl")


def test_the_session(magic, shell, etl):
    magic("save etl")
    forget(shell)
    mars_nb.new_session(name="other")
    assert magic("restore etl --no-default").endswith(
        "restored into session 'etl', from etl.mars_nb; the default session is 'other'"
    )
    assert magic("restore etl --overwrite").endswith("the default session is 'etl'")
    close_all()
    mars_nb.new_session(name="other")
    magic("restore etl --overwrite --no-default")
    assert mars_nb.get_default_session().name == "other"
    assert mars_nb.get_session("etl").holds(shell.user_ns["df"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("save", "the following arguments are required: NAME"),
        ("save elt", "no session named 'elt'; did you mean 'etl'?"),
        ("save etl --only dff", "there is no 'dff' among the results; did you mean 'df'?"),
        (
            "save etl there",
            "cannot save to 'there': there is a snapshot of that name; try: overwrite=True, or --overwrite",
        ),
        ("save etl nowhere/x", "cannot save to 'nowhere/x': No such file or directory"),
        ("save etl file --overwrite", "there is something of that name that is no snapshot"),
        ("restore", "the following arguments are required: PATH"),
        ("restore elt", "cannot restore 'elt': there is no such directory"),
        ("restore file", "cannot restore 'file': it is no directory"),
        ("restore empty", "cannot restore 'empty': it has no manifest.json: it is no snapshot, or its writing was cut"),
        ("restore there --only dff", "there is no 'dff' among the results; did you mean 'df'?"),
        ("restore broken", "cannot restore 'broken': manifest.json is damaged"),
    ],
)
def test_wrong_lines_are_one_clear_line(magic, shell, etl, tmp_path, line, message):
    magic("save etl there")
    magic("save etl broken")
    os.truncate("broken/manifest.json", 10)
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    before = dict(shell.user_ns)
    with pytest.raises(UsageError) as caught:
        magic(line)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert shell.user_ns.keys() == before.keys()


def test_a_name_that_is_no_place(magic, shell):
    with mars_nb.new_session(name="a/b"):
        shell.user_ns["t"] = mt.ones(3).execute()
        with pytest.raises(
            UsageError, match="'a/b' is no name for a directory; say where: %mars_session save NAME PATH"
        ):
            magic("save a/b")
        magic("save a/b here")


def test_a_session_that_was_opened_for_nothing_is_closed(magic, shell, etl, monkeypatch):
    magic("save etl")
    close_all()
    forget(shell)

    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("mars_nb.session.transfer.restoring.Saved.restore", fail)
    with pytest.raises(KeyboardInterrupt):
        magic("restore etl")
    assert not mars_nb.sessions
    assert "df" not in shell.user_ns


def test_a_restarted_kernel_has_the_results_again(kernel, tmp_path):
    manager, client = start_new_kernel(startup_timeout=60)
    try:
        own = type(kernel)(manager, client)
        own.ok(f"%colors nocolor\n%load_ext mars_nb\n%cd -q {tmp_path}")
        own.ok("%mars_session new etl")
        own.ok("import mars.dataframe as md, pandas as pd, numpy as np")
        own.ok(
            "df = md.DataFrame({'k': pd.Categorical(list('ab') * 50), 'v': np.arange(100)}, chunk_size=30).execute()"
        )
        own.ok("by_k = df.groupby('k', observed=True).v.sum().execute()")
        assert own.ok("%mars_session save etl").stream("stdout").endswith("in etl.mars_nb: df, by_k\n")
        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=60)
        own.ok(f"%colors nocolor\n%load_ext mars_nb\n%cd -q {tmp_path}")
        assert own.run("df").reply["ename"] == "NameError"
        said = own.ok("%mars_session restore etl")
        shown = said.of("display_data")[0]["data"]["text/plain"]
        assert "df = md.DataFrame(" in shown
        assert "In[5], line 1: by_k = " in shown
        assert own.ok("df.fetch().v.sum(), df.dtypes['k'].name, df.tail(1).fetch().v.tolist()").result == (
            f"(np.int64({np.arange(100).sum()}), 'category', [99])"
        )
        assert own.ok("by_k").result.splitlines()[1:3] == ["a    2450", "b    2500"]
        assert own.ok("df.v.max().execute()").result == "99"
        broken = own.run("import os; os.truncate('etl.mars_nb/manifest.json', 9)\n%mars_session restore etl")
        assert broken.reply["status"] == "error"
        assert "manifest.json is damaged" in broken.stream("stderr")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        manager.context.term()
