"""Say which of the given notebooks have outputs or execution counts, which do not belong into the repository."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def has_outputs(path: str) -> bool:
    """Tell whether a notebook was saved after it was run."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    return any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


if __name__ == "__main__":
    found = [path for path in sys.argv[1:] if has_outputs(path)]
    for path in found:
        print(f"{path}: clear all outputs before committing")
    sys.exit(bool(found))
