"""``%mars_session`` and ``%%mars_session``, and ``%mars_debug``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class

from mars_nb.notebook import commands
from mars_nb.notebook.cells import AT_TOP, Cells, enter_first_line
from mars_nb.notebook.commands.parser import MAGIC


@magics_class
class SessionMagics(Magics):
    """The magics of mars_nb.

    Attributes
    ----------
    cells
        What cells entered by their first lines.
    at_unload
        Undoes what `mars_nb.notebook.extension.load` did besides registering these magics.
    """

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.shell: Any  # has no use for being None here
        self.cells = Cells()
        self.at_unload = ExitStack()

    @line_cell_magic
    def mars_session(self, line: str, cell: str | None = None) -> None:
        """List, open, choose and close sessions; see and free results; see and cancel tasks; run a cell in a session.

        Commands; without one the open sessions are listed::

            {commands}

        Cell magic, for one cell; the previous default session is put back at the end of it::

            %%mars_session NAME                  run this cell with that session as the default
            %%mars_session [NAME] --background   ... and let its executes start and not wait

        In a cell in the background ``execute()`` gives its object at once, and what needs the value waits for it, in
        this cell or a later one: ``fetch()``, ``float()``, ``len()``. The cell's tasks go on while other cells run.

        A name with blanks stands in quotes. Commands, names and options are completed by the Tab key.

        Examples
        --------
        ::

            In [1]: %load_ext mars_nb

            In [2]: %mars_session new etl --threads 4 --memory-limit 8GiB
            session 'etl' is open, 4 threads; the default session is 'etl'

            In [3]: %mars_session new "my tests" --no-default
            session 'my tests' is open, 2 threads; the default session is 'etl'

            In [4]: df = md.read_csv("flights.csv").execute()

            In [5]: %mars_session results
            results, newest last
            variable  type       shape        bytes      kept       chunks  executed   operation         recorded in
            df        DataFrame  336776 x 19  98.30 MiB  in memory      13  3 s ago    DataFrameReadCSV  In[4], line 1

            In [6]: %mars_session free df
            freed 98.30 MiB of `df` in session 'etl'; df can be executed again

            In [7]: %%mars_session "my tests" --background
               ...: by_day = df.groupby("day").agg("mean").execute()
            task 2 runs in the background in session 'my tests' (%mars_session tasks, cancel)

            In [8]: %mars_session cancel 2
            cancelled: task 2 (DataFrameGroupbyAgg) in session 'my tests', 5 of 16 chunk tasks were done

            In [9]: %mars_session close --all
            sessions 'etl', 'my tests' are closed, their results are freed; there is no default session
        """
        __tracebackhide__ = True
        if cell is None:
            commands.run(line, self.shell)
        elif cell == AT_TOP:
            self.cells.enter(line)
        else:  # called by a program
            self.shell.run_cell("".join([*enter_first_line([f"%%{MAGIC} {line}"]), cell])).raise_error()

    if mars_session.__doc__:
        mars_session.__doc__ = mars_session.__doc__.replace("{commands}", commands.help_text("            ").lstrip())

    @line_magic
    def mars_debug(self, line: str) -> None:
        """Look around where the last chunk task failed, in a debugger, without running it again.

        It stands in your own function with its variables, or on the recorded line if none of your functions was
        running; ``inputs`` are the values that the task was given. ``q`` leaves, ``h`` helps::

            %mars_debug
        """
        from mars_nb.notebook.debug import debug

        if line.strip():
            raise UsageError(f"%mars_debug takes no arguments, got {line.strip()}")
        debug(self.shell)
