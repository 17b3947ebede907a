"""The variables of the caller that an expression in text names."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from mars_nb.graph.callsite import user_frame


def variables(names: Iterable[str]) -> dict[str, Any]:
    """Collect variables as the user's code has them where it calls us.

    Parameters
    ----------
    names
        Of the variables; what is not there is left out.
    """
    frame = user_frame(sys._getframe(1))
    scope = {**frame.f_globals, **frame.f_locals} if frame is not None else {}
    return {name: scope[name] for name in names if name in scope}
