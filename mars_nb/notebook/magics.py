"""``%mars_session`` and ``%%mars_session``."""

from __future__ import annotations

import ast
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from mars_nb.notebook import commands
from mars_nb.notebook.output import say


@magics_class
class SessionMagics(Magics):
    """The magics of mars_nb."""

    @line_cell_magic
    def mars_session(self, line: str, cell: str | None = None) -> None:
        """List, open, choose and close sessions; run a cell in a session.

        Line magic::

            %mars_session                          list the open sessions; * marks the default
            %mars_session list                     the same
            %mars_session new NAME                 open a session and make it the default
            %mars_session new NAME --threads 2     ... that runs so many chunk tasks at a time
            %mars_session new NAME --no-default    ... and leave the default as it is
            %mars_session use NAME                 make an open session the default
            %mars_session info [NAME]              what a session (the default) holds and does
            %mars_session close NAME               end a session and free its results

        Cell magic, which runs one cell with NAME as the default session and puts the previous default back
        afterwards::

            %%mars_session NAME
            df.groupby("a").sum().execute()

        A name with blanks stands in quotes.

        Examples
        --------
        ::

            In [1]: %load_ext mars_nb

            In [2]: %mars_session new etl --threads 4
            session 'etl' is open, 4 threads; the default session is 'etl'

            In [3]: %mars_session new "my tests" --no-default
            session 'my tests' is open, 2 threads; the default session is 'etl'

            In [4]: %mars_session
            default  name      threads  results  bytes  running tasks
            *        etl             4        0    0 B              0
                     my tests        2        0    0 B              0

            In [5]: %mars_session close "my tests"
            session 'my tests' is closed, its results are freed; the default session is 'etl'
        """
        __tracebackhide__ = True
        if cell is None:
            commands.run(line)
        else:
            _run_in(self.shell, line, cell)


def _run_in(shell: Any, line: str, cell: str) -> None:
    """Run a cell with a session as the default."""
    __tracebackhide__ = True
    from mars_nb.session import registry

    words = commands.split(line)
    if len(words) != 1:
        raise UsageError(f"%%{commands.MAGIC} takes the name of one session, got {line.strip() or 'none'}")
    session = commands.find(words[0])
    previous = registry.default
    session.as_default()
    try:
        _run(shell, line, cell)
    finally:
        still_open = previous is not None and not previous.closed
        registry.set_default(previous if still_open else None)
        if session.closed:
            default = "none" if previous is None or not still_open else repr(previous.name)
            say(f"note: session {session.name!r} was closed in this cell; the default session now: {default}")


def _run(shell: Any, line: str, cell: str) -> None:
    """Run code as a cell runs, its last expression shown, but let its errors through to the cell around it."""
    __tracebackhide__ = True
    # The magic's own line goes first, so that line numbers are those that the user sees.
    source = f"# %%{commands.MAGIC} {line}\n{shell.transform_cell(cell)}"
    # Not shell.execution_count: IPython 9 counts on before the cell runs or after, whichever version it is.
    number = len(shell.history_manager.input_hist_parsed) - 1
    name = shell.compile.cache(source, number)
    tree = shell.transform_ast(shell.compile.ast_parse(source, name))
    last = [tree.body.pop()] if tree.body and isinstance(tree.body[-1], ast.Expr) else []
    exec(shell.compile(tree, name, "exec"), shell.user_global_ns, shell.user_ns)
    # Shown in here, while the session is the default: the text of a lazy object depends on it.
    exec(shell.compile(ast.Interactive(last), name, "single"), shell.user_global_ns, shell.user_ns)
