from __future__ import annotations

import heapq
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Function, Node
from mars_nb.session import estimate
from mars_nb.session.backends.base import Progress
from mars_nb.session.estimate import Meter

NODES = {
    name: Node(Function(len, name), (), {}, name, ObjectMeta())
    for name in ("pandas.read_csv", "merge", "add", "remote.RemoteFunction")
}
READ, MERGE, ADD, SPAWN = NODES


def progress(name, done, running, total, seconds=0.0, under_way=0.0):
    return Progress(NODES[name], done, running, total, seconds, under_way)


# --- one moment ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "share"),
    [
        ([], 0.0),
        ([progress(ADD, 0, 0, 4)], 0.0),
        ([progress(ADD, 4, 0, 4)], 1.0),  # too fast for the clock
        ([progress(ADD, 1, 0, 4, 1.0)], 0.25),
        ([progress(ADD, 1, 1, 4, 1.0, 0.5)], 0.375),  # half of the second one
        ([progress(ADD, 4, 0, 4, 1.0)], 1.0),
        ([progress(READ, 4, 0, 4, 9.0), progress(ADD, 1, 0, 3, 1.0)], 10 / 12),  # seconds count, not chunk tasks
        ([progress(SPAWN, 0, 1, 1, 0.0, 4.0)], 0.5),  # nothing is known but that it takes longer than others
    ],
)
def test_share(operations, share):
    assert estimate.share(operations) == pytest.approx(share)


def test_what_was_not_begun_goes_at_the_pace_of_the_rest():
    usual = estimate.share([progress(READ, 4, 0, 4, 8.0), progress(MERGE, 0, 0, 4)])
    slow = estimate.share([progress(READ, 4, 0, 4, 80.0), progress(MERGE, 0, 0, 4)])
    assert usual == pytest.approx(8 / (8 + 5), abs=0.01)
    assert slow == pytest.approx(usual, abs=0.05)


@pytest.mark.parametrize("name", NODES)
def test_operations_that_are_counted_together_are_expected_to_take_what_each_takes(name):
    apart = [progress(name, 0, 1, 4, 0.0, 0.1), *[progress(name, 0, 0, 4)] * 4, progress(MERGE, 3, 0, 6, 6.0)]
    together = [Progress(NODES[name], 0, 1, 20, 0.0, 0.1, number=5), progress(MERGE, 3, 0, 6, 6.0)]
    assert estimate.share(together) == pytest.approx(estimate.share(apart))


def test_trivial_work_says_little_of_the_pace():
    """One call of a user's function takes as long as it takes, however fast its data were there."""
    operations = [progress(ADD, 10_000, 0, 10_000, 0.1), progress(SPAWN, 0, 1, 1, 0.0, 1.0)]
    assert estimate.share(operations) < 0.3


def test_what_was_not_begun_goes_as_others_of_its_name_did():
    calls = [progress(SPAWN, 1, 0, 1, 0.1) for _ in range(60)] + [progress(SPAWN, 0, 0, 1) for _ in range(40)]
    assert estimate.share(calls) == pytest.approx(0.6)
    assert estimate.remaining(calls, 3.0) == pytest.approx(2.0)


def test_remaining():
    half = [progress(ADD, 2, 0, 4, 2.0)]
    assert estimate.remaining(half, 3.0) == pytest.approx(3.0)
    assert estimate.remaining(half, 0.5) is None, "too early"
    assert estimate.remaining([progress(ADD, 1, 0, 100, 2.0)], 3.0) is None, "too little"
    assert estimate.remaining([progress(SPAWN, 0, 1, 1, 0.0, 9.0)], 9.0) is None, "nobody knows"
    assert estimate.remaining([progress(ADD, 3, 0, 3, 0.1), progress(SPAWN, 0, 1, 1, 0.0, 9.0)], 9.0) is None


durations = st.floats(0.0, 1e6)


@st.composite
def states(draw):
    name = draw(st.sampled_from(list(NODES)))
    done, running, waiting = (draw(st.integers(0, 50)) for _ in range(3))
    seconds = draw(durations) if done else 0.0
    under_way = draw(durations) if running else 0.0
    return progress(name, done, running, done + running + waiting, seconds, under_way)


@given(st.lists(states(), max_size=5))
def test_a_share_is_a_share(operations):
    assert 0.0 <= estimate.share(operations) <= 1.0
    left = estimate.remaining(operations, 10.0)
    assert left is None or left >= 0.0


@given(st.lists(states(), max_size=3), st.integers(0, 20), durations, durations, durations)
def test_it_grows_inside_chunk_tasks(others, done, seconds, first, more):
    waiting = 5 if done else 0  # else one learns that those are longer, too

    def share(under_way):
        own = progress(ADD, done, 2, done + 2 + waiting, seconds if done else 0.0, under_way)
        return estimate.share([own, *others])

    assert share(first + more) >= share(first) - 1e-9


@given(st.floats(1e-6, 1e6), durations)
def test_stretched_is_longer_than_what_was(expected, so_far):
    assert estimate.stretched(expected, so_far) >= max(expected, so_far)


# --- over time -------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.0, 1.0), max_size=30))
def test_a_meter_never_goes_back_and_stays_in_bounds(shares):
    meter = Meter()
    shown = [meter.move(share) for share in shares]
    assert shown == sorted(shown)
    assert all(0.0 <= share <= 1.0 for share in shown)
    assert meter.move(1.0) == 1.0


@given(st.floats(0.0, 0.9), st.lists(st.floats(0.0, 0.019), min_size=1, max_size=200))
def test_small_swings_do_not_drive_a_meter(share, swings):
    meter = Meter()
    for swing in swings:
        meter.move(share + swing)
    assert meter.shown == pytest.approx(share + max(swings))


def simulate(operations, threads=2, step=0.25):
    """Run (name, chunk tasks, seconds each), one operation after the other, and give what a meter shows over time."""
    starts: list[tuple[float, float, str]] = []
    free, total = [0.0] * threads, {}
    for name, count, seconds in operations:
        total[name] = count
        for _ in range(count):
            begin = heapq.heappop(free)
            starts.append((begin, begin + seconds, name))
            heapq.heappush(free, begin + seconds)
    shown, meter, now = [], Meter(), 0.5
    while now < max(end for _, end, _ in starts):
        found = []
        for name, count in total.items():
            own = [(begin, end) for begin, end, owner in starts if owner == name and begin < now]
            done = [end - begin for begin, end in own if end <= now]
            running = [now - begin for begin, end in own if end > now]
            found.append(progress(name, len(done), len(running), count, sum(done), sum(running)))
        shown.append(meter.move(estimate.share(found)))
        now += step
    return shown


@pytest.mark.parametrize(
    "operations",
    [
        pytest.param([(READ, 40, 0.5), (MERGE, 16, 0.7)], id="as expected"),
        pytest.param([(READ, 40, 0.2), (MERGE, 16, 5.0)], id="the second takes long"),
        pytest.param([(READ, 4, 5.0), (MERGE, 16, 0.3)], id="the second is fast"),
        pytest.param([(MERGE, 4, 10.0)], id="few long ones"),
        pytest.param([(ADD, 2000, 0.005), (SPAWN, 1, 10.0)], id="one long one at the end"),
        pytest.param([(SPAWN, 1, 30.0)], id="only one"),
        pytest.param([(SPAWN, 10, 2.0)], id="equal ones"),
        pytest.param([(READ, 4, 2.0), (ADD, 4, 0.1), (MERGE, 1, 10.0)], id="gathered at the end"),
    ],
)
def test_the_bar_moves(operations):
    """It neither jumps nor stands still, whatever the run is made of."""
    shown = simulate(operations)
    steps = [after - before for before, after in pairwise(shown)]
    assert max(steps) < 0.3, "it jumped"
    assert min(steps) >= 0.0
    fifth = len(shown) // 5
    moved = [shown[i + fifth] - shown[i] for i in range(0, len(shown) - fifth, fifth)]
    assert min(moved) > 0.005, f"it stood still: {moved}"
