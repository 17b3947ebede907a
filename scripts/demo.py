"""Run the quickstart notebook without a browser, print its key results, and write it as HTML."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CELL_TIMEOUT_S = 300
#: Cells with this tag print what the demo repeats in the terminal.
KEY_TAG = "key-result"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def main() -> int:
    """Run the demo; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", nargs="?", type=Path, default=ROOT / "examples" / "notebooks" / "quickstart.ipynb")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "demo", help="where the results go")
    arguments = parser.parse_args()
    source, out = arguments.notebook.resolve(), arguments.out.resolve()

    # The kernel of this environment, and nobody's IPython profile or start-up files.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ["IPYTHONDIR"] = str(out / "ipython")
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    out.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
        extra_arguments=["--log-level=ERROR"],  # no remarks on encryption: the kernel is a child of this process
    )
    print(f"running {source.name} ...", flush=True)
    started = time.monotonic()
    problem = None
    try:
        client.execute()
    except CellExecutionError as error:
        problem = f"a cell failed: {error.ename}: {_COLOUR.sub('', error.evalue)}"
    except (CellTimeoutError, DeadKernelError) as error:
        problem = f"the notebook did not end: {error}"
    seconds = time.monotonic() - started

    executed, page = write(notebook, out, source.stem)
    problem = problem or unexpected(notebook)
    for line in key_results(notebook):
        print(line)
    print()
    if problem:
        sys.stdout.flush()
        print(f"FAILED after {seconds:.1f} s: {problem}\nsee {page}", file=sys.stderr)
        return 1
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    print(f"{cells} cells in {seconds:.1f} s")
    print(f"notebook: {executed}")
    print(f"open:     {page}")
    return 0


def write(notebook, out: Path, name: str) -> tuple[Path, Path]:
    """Save the executed notebook, and a page of it."""
    import nbformat
    from nbconvert import HTMLExporter

    executed, page = out / f"{name}.ipynb", out / f"{name}.html"
    nbformat.write(notebook, executed)
    html, _ = HTMLExporter().from_notebook_node(notebook)
    page.write_text(html, encoding="utf-8")
    return executed, page


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
