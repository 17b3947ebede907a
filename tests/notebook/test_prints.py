"""What functions print lands in the cell that started them, whatever cell runs then."""

from __future__ import annotations


def test_prints_of_an_earlier_cell(kernel):
    kernel.ok("import threading, mars, mars.remote as mr, sys\nbefore, gate = sys.stdout, threading.Event()")
    kernel.ok("%mars_session new prints")
    kernel.ok("def work():\n    gate.wait(10)\n    print('chunk')\nobj = mr.spawn(work)")
    started = kernel.ok("task = obj.execute(wait=False, show_progress=False)")
    later = kernel.ok("print('cell')\ngate.set()\n_ = task.result(10)\nsys.stdout.flush()\nprint('end')")
    assert later.stream("stdout") == "cell\nend\n"
    (stray,) = [message for message in kernel.strays if message["msg_type"] == "stream"]
    assert stray["content"]["text"] == "chunk\n"
    assert stray["parent_header"]["msg_id"] == started.message_id
    assert kernel.ok("obj.fetch_log(), sys.stdout is before").result == "('chunk\\n', True)"


def test_captured_cells(kernel):
    kernel.ok("import mars, mars.remote as mr\n%mars_session new captured")
    kernel.ok("%%capture caught\nobj = mr.spawn(print, args=('x',)).execute()")
    assert kernel.ok("caught.stdout, obj.fetch_log()").result == "('x\\n', 'x\\n')"
