"""Run the quickstart notebook without a browser, print its key results, and write it as HTML."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "examples" / "notebooks" / "quickstart.ipynb"
OUT = ROOT / "build" / "demo"
CELL_TIMEOUT_S = 300
#: Cells with this tag print what the demo repeats in the terminal.
KEY_TAG = "key-result"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def main() -> int:
    """Run the demo; give the exit code."""
    # The kernel of this environment, and nobody's IPython profile or start-up files.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ["IPYTHONDIR"] = str(OUT / "ipython")
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    OUT.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
        extra_arguments=["--log-level=ERROR"],  # no remarks on encryption: the kernel is a child of this process
    )
    print(f"running {NOTEBOOK.relative_to(ROOT)} ...", flush=True)
    started = time.monotonic()
    problem = None
    try:
        client.execute()
    except CellExecutionError as error:
        problem = f"a cell failed: {error.ename}: {_COLOUR.sub('', error.evalue)}"
    except (CellTimeoutError, DeadKernelError) as error:
        problem = f"the notebook did not end: {error}"
    seconds = time.monotonic() - started

    executed, html = write(notebook)
    if problem is None:
        problem = unexpected(notebook)
    for line in key_results(notebook):
        print(line)
    print()
    if problem:
        print(f"FAILED after {seconds:.1f} s: {problem}", file=sys.stderr)
        print(f"see {html}", file=sys.stderr)
        return 1
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    print(f"{cells} cells in {seconds:.1f} s")
    print(f"notebook: {executed.relative_to(ROOT)}")
    print(f"open:     {html}")
    return 0


def write(notebook) -> tuple[Path, Path]:
    """Save the executed notebook, and a page of it."""
    import nbformat
    from nbconvert import HTMLExporter

    executed, html = OUT / "quickstart.ipynb", OUT / "quickstart.html"
    nbformat.write(notebook, executed)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    html.write_text(page, encoding="utf-8")
    return executed, html


def key_results(notebook):
    """Give the lines that the cells with the key tag printed, each cell under the heading above it."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
            heading = headings[-1] if headings else heading
        elif KEY_TAG in cell.metadata.get("tags", ()):
            printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
            if printed:
                yield f"\n{heading}"
                yield from (f"  {line}" for line in printed.rstrip().splitlines())


def unexpected(notebook) -> str | None:
    """Say which cell raised, or did not, against what its tags promise."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        raised = any(output.output_type == "error" for output in cell.outputs)
        promised = "raises-exception" in cell.metadata.get("tags", ())
        if raised != promised:
            return f"cell {number} {'raised' if raised else 'did not raise'}: {cell.source.splitlines()[0]}"
    return None


if __name__ == "__main__":
    sys.exit(main())
