"""What ``%unload_ext`` leaves in a real kernel in which everything was used: nothing."""

from __future__ import annotations

import ast

import pytest

TRACES = """
def _traces():
    import builtins, comm, sys, threading, time, warnings
    shell = get_ipython()
    deadline = time.monotonic() + 15  # the thread that draws progress ends by itself, and workers after some seconds
    while any(t.name.startswith("mars_nb") for t in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.05)
    named = lambda calls: sorted(getattr(c, "__qualname__", type(c).__name__) for c in calls)
    transformers = shell.input_transformers_cleanup, shell.input_transformers_post, shell.ast_transformers
    formatters = shell.display_formatter.formatters.values()
    return {
        "threads": sorted(t.name for t in threading.enumerate() if t.name.startswith("mars_nb")),
        "comms": sorted(c.target_name for c in comm.get_comm_manager().comms.values()),
        "comm targets": sorted(comm.get_comm_manager().targets),
        "events": {event: named(calls) for event, calls in shell.events.callbacks.items()},
        "transformers": [named(group) for group in transformers],
        "matchers": named(shell.Completer.custom_matchers),
        "hooks": sorted(shell.strdispatchers),
        "display": [(len(f.type_printers), len(f.deferred_printers), len(f.singleton_printers)) for f in formatters],
        "exceptions": str(shell.custom_exceptions),
        "magics": {kind: sorted(names) for kind, names in shell.magics_manager.magics.items()},
        "classes": sorted(shell.magics_manager.registry),
        "configurables": [type(c).__name__ for c in shell.configurables],
        "finders": [type(f).__name__ for f in sys.meta_path],
        "modules": sorted(name for name in sys.modules if name.partition(".")[0] == "mars"),
        "streams": [type(s).__module__ for s in (sys.stdout, sys.stderr)],
        "system hooks": [h.__qualname__ for h in (sys.excepthook, threading.excepthook, warnings.showwarning)],
        "builtins": sorted(name for name in vars(builtins) if name != "_"),
    }
"""
USE = [
    "import mars, mars.dataframe as md, mars.remote as mr, time\n%mars_session new etl",
    "mr.spawn(time.sleep, args=(0.8,)).execute(show_progress='widget');",
    "mr.spawn(time.sleep, args=(0.8,)).execute(show_progress='html');",
    "mr.spawn(print, args=('hello',)).execute();",
    "%%mars_session etl\ndf = md.DataFrame({'a': [1, 2]}).execute()\ndf",
    "%mars_session\n%mars_session results\n%mars_session tasks",
    "df.fetch(session=mars.new_session(name='other', default=False))",
    "mr.spawn(lambda: 1 / 0).execute()",
]


@pytest.fixture
def traces(bare):
    """Give a function that tells what could be left behind."""
    # Loaded once, so that what IPython and ipywidgets do at their first use is there before.
    bare.ok("import ipywidgets, mars_nb.session\n%load_ext mars_nb\n%unload_ext mars_nb")
    bare.ok(TRACES)
    return lambda: ast.literal_eval(bare.ok("_traces()").result)


def use(kernel):
    for cell in USE:
        kernel.run(cell)
    kernel.ok("for _session in list(mars.sessions.values()):\n    _session.close()")


@pytest.mark.parametrize(
    "load",
    [["load_ext"], ["load_ext", "load_ext"], ["load_ext", "reload_ext", "reload_ext"]],
    ids=["once", "twice", "reloaded"],
)
def test_unload_after_use(bare, traces, load):
    before = traces()
    for line in load:
        bare.ok(f"%{line} mars_nb")
    assert traces()["magics"] != before["magics"]
    use(bare)
    bare.ok("%unload_ext mars_nb")
    assert traces() == before


def test_reload_adds_nothing(bare, traces):
    bare.ok("%load_ext mars_nb")
    loaded = traces()
    for _ in range(2):
        bare.ok("%reload_ext mars_nb")
        use(bare)
    bare.ok("%reload_ext mars_nb")
    assert traces() == loaded
