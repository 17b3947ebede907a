"""Top-level ``await`` in cells of a real kernel (IPython's ``%autoawait``)."""

from __future__ import annotations

import pytest

IMPORTS = "import asyncio, time, mars, mars.remote as mr, mars.tensor as mt\n"
TWO = "%mars_session new one --threads 2\n%mars_session new two --no-default\n"


@pytest.fixture
def kernel(kernel):
    kernel.ok(IMPORTS + TWO)
    return kernel


def test_a_task(kernel):
    assert kernel.ok("(await mt.arange(4).sum().execute(wait=False)).fetch()").result == "np.int64(6)"


def test_several_tasks_beside_other_coroutines(kernel):
    ran = kernel.ok(
        "async def beat():\n    return 'beat'\n"
        "tasks = [mr.spawn(pow, args=(2, n)).execute(wait=False) for n in range(3)]\n"
        "*values, last = await asyncio.gather(*tasks, beat())\n"
        "[value.fetch() for value in values], last"
    )
    assert ran.result == "([1, 2, 4], 'beat')"


def test_the_event_loop_goes_on(kernel):
    ran = kernel.ok(
        "async def count(task):\n    n = 0\n    while not task.done():\n"
        "        await asyncio.sleep(0.01)\n        n += 1\n    return n\n"
        "task = mr.spawn(time.sleep, args=(0.3,)).execute(wait=False)\n"
        "_, n = await asyncio.gather(task, count(task))\nn > 3"
    )
    assert ran.result == "True"


def test_in_a_cell_of_a_session(kernel):
    ran = kernel.ok("%%mars_session two\ntask = mt.ones(3).sum().execute(wait=False)\nt = await task\nt.fetch()")
    assert ran.result == "np.float64(3.0)"
    assert kernel.ok("[len(mars.get_session(name).results) for name in ('one', 'two')]").result == "[0, 1]"
    assert kernel.ok("mars.get_default_session().name").result == "'one'"


def test_the_session_is_left_after_an_error_in_what_is_awaited(kernel):
    kernel.ok("def fail():\n    1 / 0")
    ran = kernel.run("%%mars_session two\ntask = mr.spawn(fail).execute(wait=False)\nawait task")
    assert ran.reply["ename"] == "ZeroDivisionError"
    assert "1 / 0" in "\n".join(ran.error)
    assert kernel.ok("mars.get_default_session().name").result == "'one'"


def test_an_interrupt_gives_control_back(kernel):
    ran = kernel.run(
        "%%mars_session two\ntask = mr.spawn(time.sleep, args=(60,)).execute(wait=False)\nprint('waits')\nawait task",
        interrupt_at="stream",
    )
    assert ran.reply["ename"] == "CancelledError"  # IPython's way for cells that await
    assert kernel.ok("task.state").result == "'cancelled'"
    assert kernel.ok("mars.get_default_session().name").result == "'one'"
    assert kernel.ok("mt.ones(3).sum().execute().fetch()").result == "np.float64(3.0)"
