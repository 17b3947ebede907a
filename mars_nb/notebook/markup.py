"""How progress looks as HTML: static, without scripts and style sheets, so that it looks the same in a saved notebook.

The colours are those of JupyterLab's themes, with others for pages that have none. Where styles are taken away, as
GitHub does, it still reads well, and there is no widget that could be dead.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from mars_nb.notebook import drawing
from mars_nb.notebook.drawing import ROWS, Step
from mars_nb.text import duration

if TYPE_CHECKING:
    from mars_nb.session import Snapshot

_COLOURS = {
    "running": "var(--jp-brand-color1, #1976d2)",
    "done": "var(--jp-success-color1, #388e3c)",
    "failed": "var(--jp-error-color1, #d32f2f)",
    "cancelled": "var(--jp-warn-color1, #f57c00)",
}
_FAINT = "color: var(--jp-ui-font-color2, #757575)"
_BLOCK = "font-size: var(--jp-ui-font-size1, 13px); font-variant-numeric: tabular-nums; line-height: 1.5"
_TABLE = "margin: 2px 0; border-collapse: collapse; table-layout: auto; white-space: nowrap"
_CELL = "padding: 0 12px 0 0; text-align:"


def as_html(snapshot: Snapshot) -> str:
    """Draw a task as a block of HTML: live while it runs, a summary that can be opened when it is over."""
    inner = _live(snapshot) if snapshot.state == "running" else _summary(snapshot)
    return f'<div class="mars-nb-progress mars-nb-{snapshot.state}" style="{_BLOCK}">{inner}</div>'


def bundle(snapshot: Snapshot) -> dict[str, str]:
    """Draw a task in each form in which a notebook is read."""
    return {"text/plain": drawing.as_text(snapshot), "text/html": as_html(snapshot)}


def _live(snapshot: Snapshot) -> str:
    first = (drawing.chunk_tasks(snapshot), drawing.elapsed(snapshot), drawing.left(snapshot))
    second = (drawing.threads(snapshot), drawing.memory(snapshot), drawing.spilled(snapshot))
    found = drawing.steps(snapshot)
    shown = drawing.chosen(found)
    rows = "".join(map(_live_row, shown))
    return (
        f"<div>{_bar(snapshot.fraction, '14em')} <b>{drawing.percent(snapshot)}</b>, {_list(first)}</div>"
        f'<div style="{_FAINT}">{_list(second)}</div>'
        f'<table style="{_TABLE}"><tbody>{rows}</tbody></table>{_rest(found, shown)}'
    )


def _live_row(step: Step) -> str:
    name = escape(step.name)
    return _row(
        f"<b>{name}</b>" if step.running else name,
        _bar(step.share, "8em"),
        f"{step.done}/{step.total}",
        faint=not step.begun,
    )


def _summary(snapshot: Snapshot) -> str:
    state = f'<b style="color: {_COLOURS[snapshot.state]}">{snapshot.state}</b>'
    found = drawing.steps(snapshot)
    slowest = drawing.slowest(found, ROWS)
    rows = "".join(
        _row(escape(step.name), f"{step.done}/{step.total}", duration(step.seconds), f"{part:.0%}")
        for step, part in slowest
    )
    header = _row("operation", "chunk tasks", "thread time", "share", tag="th")
    table = f'<table style="{_TABLE}"><thead>{header}</thead><tbody>{rows}</tbody></table>' if slowest else ""
    stopped = drawing.explanation(snapshot) if snapshot.state != "done" else ""
    where = f"task {snapshot.number} in session {escape(repr(snapshot.session))}"
    return (
        f"<details><summary>{state} {escape(drawing.outcome(snapshot))}</summary>"
        f"{f'<div>{escape(stopped)}</div>' if stopped else ''}"
        f"{table}{_rest(found, [step for step, _ in slowest])}"
        f'<div style="{_FAINT}">{where}</div></details>'
    )


def _bar(fraction: float, width: str) -> str:
    style = f"width: {width}; accent-color: {_COLOURS['running']}; vertical-align: middle"
    return f'<progress value="{fraction:.3f}" max="1" style="{style}"></progress>'


def _row(name: str, *cells: str, tag: str = "td", faint: bool = False) -> str:
    begin = f'<{tag} style="{_CELL} left">{name}</{tag}>'
    rest = "".join(f'<{tag} style="{_CELL} right">{cell}</{tag}>' for cell in cells)
    return f'<tr style="background: transparent{f"; {_FAINT}" if faint else ""}">{begin}{rest}</tr>'


def _list(facts: Iterable[str]) -> str:
    return escape(", ".join(filter(None, facts)))


def _rest(found: list[Step], shown: list[Step]) -> str:
    more = drawing.rest(len(found) - len(shown))
    return f'<div style="{_FAINT}">{more}</div>' if more else ""
