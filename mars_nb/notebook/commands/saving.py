"""Commands that let results outlive the kernel: save, restore."""

from __future__ import annotations

import builtins
import os
from argparse import Namespace
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mars_nb.notebook import holders
from mars_nb.notebook.commands.parser import MAGIC, Argument, Command, nearest, wrong_line
from mars_nb.notebook.commands.sessions import NO_DEFAULT, SESSION, default_is, find
from mars_nb.notebook.output import say, show

if TYPE_CHECKING:
    from mars_nb.session import Session
    from mars_nb.session.transfer.restoring import Saved

#: Ends the names of directories.
ENDING = ".mars_nb"


def _save(arguments: Namespace, shell: Any) -> None:
    from mars_nb.session.transfer.saving import is_name, write
    from mars_nb.text import count, size

    session = find(arguments.NAME)
    path = _place(arguments.PATH, session.name)
    held = {result.key for result in session.results}
    named = {
        name: value for name, value in holders.lazy_names(shell.user_ns).items() if not name.startswith(("_", "Out["))
    }
    wanted = _only(arguments.only, named)
    executed = {name: value for name, value in named.items() if name in wanted and holders.key_of(value) in held}
    report = write(
        path, {name: value for name, value in executed.items() if is_name(name)}, session, arguments.overwrite
    )
    say(
        f"saved {count(len(report.names), 'result')} of session {session.name!r}, {size(report.nbytes)}, "
        f"in {os.path.relpath(report.path)}: {', '.join(report.names)}"
    )
    for name, reason in report.refused.items():
        say(f"not saved: {name}: {reason}")
    _say_left("have no name of their own", [name for name in executed if not is_name(name)])
    _say_left("not executed in this session", [name for name in wanted if name not in executed])


def _say_left(why: str, names: Collection[str]) -> None:
    if names:
        say(f"not saved, because {why}: {', '.join(names)}")


def _place(path: str | None, session: str) -> Path:
    """Give the directory that is meant, or the session's own in the working directory."""
    if path is not None:
        return Path(path).expanduser()
    if session != os.path.basename(session) or session.startswith("."):
        raise wrong_line(f"save: {session!r} is no name for a directory; say where: %{MAGIC} save NAME PATH")
    return Path(session + ENDING)


def _only(only: str | None, names: Collection[str]) -> list[str]:
    """Read ``--only a,b``; all names if it is not given."""
    if only is None:
        return list(names)
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    for name in wanted:
        if name not in names:
            raise wrong_line(f"there is no {name!r} among the results; {nearest(name, names)}")
    return wanted


def _restore(arguments: Namespace, shell: Any) -> None:
    from mars_nb.session.transfer.restoring import opened

    path = Path(arguments.PATH).expanduser()
    if not path.exists() and path.with_name(path.name + ENDING).exists():
        path = path.with_name(path.name + ENDING)
    saved = opened(path)
    wanted = _only(arguments.only, saved.names)
    taken = [name for name in wanted if name in shell.user_ns or hasattr(builtins, name)]
    if taken and not arguments.overwrite:
        others = ",".join(name for name in wanted if name not in taken)
        hints = "--overwrite replaces them" + (f", --only {others} leaves them alone" if others else "")
        raise wrong_line(f"restore: you have variables of these names: {', '.join(taken)}; {hints}")
    session, made = _session(saved, arguments.default)
    try:
        found = saved.restore(session, wanted)
    except BaseException:
        if made:
            session.close()
        raise
    shell.push(found)
    show(_table(saved, wanted))
    say(f"restored into session {session.name!r}, from {os.path.relpath(saved.path)}; {default_is()}")


def _session(saved: Saved, default: bool) -> tuple[Session, bool]:
    """Give the open session of the saved name, or make it, and tell whether it was made."""
    from mars_nb.session import registry
    from mars_nb.session.api import new_session

    session = registry.get(saved.session)
    if session is None:
        return new_session(name=saved.session, default=default), True
    if default:
        session.as_default()
    return session, False


def _table(saved: Saved, wanted: Collection[str]) -> Any:
    from mars_nb.tables import Table
    from mars_nb.text import size

    rows = [
        [
            ", ".join(name for name in result.names if name in wanted),
            result.type,
            " x ".join(map(str, result.shape)),
            size(result.nbytes),
            ": ".join(filter(None, result.recorded)),
        ]
        for result in saved.results
        if set(wanted).intersection(result.names)
    ]
    return Table(["name", "type", "shape", "bytes", "was recorded at"], rows, frozenset({"shape", "bytes"}))


_ONLY = Argument("--only", {"metavar": "A,B"})
_OVERWRITE = Argument("--overwrite", {"action": "store_true"})

COMMANDS = {
    "save": Command(
        _save,
        f"save the executed results of a session that variables name, in a directory (./NAME{ENDING})",
        [SESSION, Argument("PATH", {"nargs": "?"}), _ONLY, _OVERWRITE],
    ),
    "restore": Command(
        _restore,
        "bring saved results back: into the session of the saved name, under the names of their variables",
        [Argument("PATH"), _ONLY, _OVERWRITE, NO_DEFAULT],
    ),
}
