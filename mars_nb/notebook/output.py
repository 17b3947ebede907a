"""The two ways in which this package shows something to the user."""

from __future__ import annotations

from typing import Any


def say(text: str) -> None:
    """Show a line of text."""
    print(text)  # noqa: T201


def show(value: Any, **how: Any) -> Any:
    """Show an object in the form that the front end likes best; see `IPython.display.display`."""
    import IPython.display

    display: Any = IPython.display.display  # has no annotations
    return display(value, **how)
