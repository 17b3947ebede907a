"""Many calls on one line are counted together."""

from __future__ import annotations

import threading

import mars_nb
import mars_nb.remote as mr
import mars_nb.tensor as mt
from mars_nb.session.backends.grouping import Grouping


def step(number):
    return number


def counts(task):
    return [(one.name, one.done, one.total) for one in task.info().operations]


def test_calls_of_one_line_are_one(session):
    calls = [mr.spawn(step, args=(number,)) for number in range(50)]
    other = mr.spawn(step, args=(50,))
    task = session.execute(*calls, other, wait=False)
    task.result()
    assert counts(task) == [("step", 50, 50), ("step", 1, 1)]
    info = task.info()
    assert [one.key for one in info.operations] == [calls[0].key, other.key], "the first stands for all"
    assert (info.label, info.names) == ("RemoteFunction ×51", "step ×51")
    assert [progress.number for progress in task.snapshot().operations] == [50, 1]


def test_so_are_operations_of_a_loop_but_not_those_of_one_line_with_other_names(session):
    x = mt.ones(10, chunk_size=5, dtype=object)  # on numbers these would be done in one task
    for _ in range(3):
        x = (x + 1) * 2
    task = x.execute(wait=False)
    task.result()
    assert [(name, total) for name, _, total in counts(task)] == [("ones", 2), ("add", 6), ("mul", 6)]


def test_what_runs_is_counted_with_its_group(session):
    go, begun = threading.Event(), threading.Semaphore(0)

    def wait():
        begun.release()
        return go.wait(20)

    with mars_nb.new_session(n_threads=2, default=False) as two:
        task = two.execute(*[mr.spawn(wait) for _ in range(5)], wait=False)
        for _ in range(2):
            assert begun.acquire(timeout=20)
        (progress,) = task.snapshot().operations
        assert (progress.done, progress.running, progress.total) == (0, 2, 5)
        assert progress.under_way > 0
        go.set()
        task.result()


def test_spans_bear_the_first_ones_key(session):
    calls = [mr.spawn(step, args=(number,)) for number in range(50)]
    task = session.execute(*calls, wait=False)
    task.result()
    part = session.timeline(task.number).since()
    assert list(part.operations) == [calls[0].key]
    assert sum(span.tasks for span in part.spans) == 50


def test_what_is_no_node_is_counted_by_itself():
    assert Grouping().of("of a Dask graph") == "of a Dask graph"
    assert Grouping().of(None) is None
