"""Commands about what sessions do: tasks, cancel."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from mars_nb.notebook.commands.parser import Argument, Command, wrong_line
from mars_nb.notebook.commands.sessions import OPTIONAL_SESSION, SESSION_OPTION, chosen
from mars_nb.notebook.output import say, show

if TYPE_CHECKING:
    from mars_nb.session import Task


def _tasks(arguments: Namespace, shell: Any) -> None:
    from mars_nb.session.pages import task_table

    session = chosen(arguments.NAME)
    tasks = session.tasks
    if tasks:
        show(task_table(tasks))
    else:
        say(f"session {session.name!r} has executed nothing yet")


def _cancel(arguments: Namespace, shell: Any) -> None:
    if arguments.TASK:
        wanted = [_running(number, arguments.session) for number in arguments.TASK]
    else:
        session = chosen(arguments.session)
        wanted = session.running[::-1]  # the newest first: some begin when older ones are over
        if not wanted:
            say(f"nothing is running in session {session.name!r}")
    for task in wanted:
        was_running = task.cancel()
        info = task.info()
        what = f"task {info.number} ({info.label}) in session {task.session_name!r}"
        if was_running:
            say(f"cancelled: {what}, {info.done} of {info.total} chunk tasks were done")
        else:
            say(f"{what} is over already: {info.state}")


def _running(number: int, name: str | None) -> Task:
    """Give the running task of a number, of whatever session if none is named."""
    from mars_nb.session import registry

    sessions = registry.sessions() if name is None else [chosen(name)]
    found = {task.number: task for session in sessions for task in session.running}
    if number in found:
        return found[number]
    where = "" if name is None else f" in session {name!r}"
    over = next((f"task {number} is over: {i.state}" for s in sessions for i in s.tasks if i.number == number), None)
    running = ", ".join(map(str, found)) or "none"
    raise wrong_line(f"{over or f'there is no task {number}{where}'}; running are: {running}")


COMMANDS = {
    "tasks": Command(
        _tasks, "list the tasks of a session (the default): those that run and the last that ended", [OPTIONAL_SESSION]
    ),
    "cancel": Command(
        _cancel,
        "cancel all tasks of a session (the default), or tasks by their numbers",
        [Argument("TASK", {"nargs": "*", "type": int}, completes="task"), SESSION_OPTION],
    ),
}
