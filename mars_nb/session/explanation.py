"""How an explanation of a plan is shown: a table of operations, and what Polars makes of the columnar stages."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass

from mars_nb.graph.meta import Meta, PandasMeta, TensorMeta
from mars_nb.graph.node import Node
from mars_nb.graph.showing import label
from mars_nb.planner.explain import THERE, Explained, Step
from mars_nb.tables import Page, Table
from mars_nb.text import count, size

#: How many operations are listed, the last ones.
LISTED = 200
_MOST_LABEL = 30
_HEADER = ("#", "operation", "of", "runs", "shape", "bytes", "notes", "recorded in")
_NUMBERS = frozenset({"#", "bytes"})
_THERE = {"held": "result", "kept": "intermediate", "constant": "computed when recorded"}
_PLAN = "margin: 2px 0 8px 0; font-size: var(--jp-code-font-size, 13px); overflow-x: auto"


@dataclass(frozen=True)
class Explanation:
    """How objects would be computed, drawn as text and as HTML.

    Attributes
    ----------
    page
        What runs how.
    plans
        Polars's plan of each columnar stage.
    plan
        Whether the text has these as well; in HTML they can be opened in any case.
    """

    page: Page
    plans: tuple[str, ...] = ()
    plan: bool = False

    def __repr__(self) -> str:
        shown = zip(self._titles(), self.plans, strict=True) if self.plan else ()
        return "\n\n".join([repr(self.page), *(f"{title}\n{plan}" for title, plan in shown)])

    def _repr_html_(self) -> str:
        opened = " open" if self.plan else ""
        plans = (
            f'<details{opened}><summary>{title}</summary><pre style="{_PLAN}">{html.escape(plan)}</pre></details>'
            for title, plan in zip(self._titles(), self.plans, strict=True)
        )
        return "".join([self.page._repr_html_(), *plans])

    def _titles(self) -> list[str]:
        return [f"Polars's plan of stage {number}" for number in range(1, len(self.plans) + 1)]


def draw(explained: Explained, where: str, plan: bool = False) -> Explanation:
    """Draw an explanation.

    Parameters
    ----------
    explained
        What is drawn.
    where
        Where it would run, such as ``"session 'etl'"``.
    plan
        See `Explanation`.
    """
    steps = list(enumerate(explained.steps, 1))
    shown = steps[-LISTED:]
    title = f"the last {LISTED} of {len(steps)} operations" if len(shown) < len(steps) else ""
    table = Table(_HEADER, [_row(number, step) for number, step in shown], _NUMBERS, title)
    return Explanation(Page([_summary(explained, where), table]), tuple(explained.stages), plan)


def _summary(explained: Explained, where: str) -> str:
    runs = [step for step in explained.steps if step.how is not None and step.how not in THERE]
    there = sum(step.how in THERE for step in explained.steps)
    facts = [f"nothing would run in {where}"]
    if runs:
        stages = f", {count(len(explained.stages), 'columnar stage')} among them" if explained.stages else ""
        tasks = f"in {count(explained.tasks, 'chunk task')}{stages}"
        facts = [f"{count(len(runs), 'operation')} would run in {where}, {tasks}"]
    if there:
        facts.append(f"{count(there, 'value')} {'is' if there == 1 else 'are'} there")
    if explained.not_columnar:
        facts.append(f"not columnar: {explained.not_columnar}")
    return "; ".join(facts)


def _row(number: int, step: Step) -> list[str]:
    node = step.node
    return [
        str(number),
        _operation(node),
        ", ".join(str(place + 1) for place in step.inputs),
        _runs(step),
        _shape(node.meta),
        "" if step.nbytes is None else size(step.nbytes),
        "; ".join(_notes(step)),
        node.site.place if node.site else "",
    ]


def _operation(node: Node) -> str:
    """Name an operation, and the columns if it chooses some or puts one in."""
    key = node.args[1] if node.op.name in ("getitem", "setitem") and len(node.args) > 1 else None
    is_label = isinstance(key, str | int) or (isinstance(key, list) and not any(isinstance(i, Node) for i in key))
    return f"{node.short_name} {label(repr(key), _MOST_LABEL)}" if is_label else node.short_name


def _runs(step: Step) -> str:
    many = f" in {step.chunks} chunks" if step.chunks != 1 else ""
    match step.how:
        case "held" | "kept" | "constant":
            return _THERE[step.how] + many
        case "columnar":
            return f"columnar, stage {step.stage}"
        case "partitioned":
            return f"in {count(step.chunks or 0, 'chunk')}"
        case "gathered":
            return "whole, chunks gathered"
        case "dask":
            return f"by Dask{many}"
        case "whole":
            return "whole"
    return "not needed"


def _notes(step: Step) -> Iterable[str]:
    if step.columns is not None and step.how in ("partitioned", "whole", "columnar"):
        groups = f", {count(step.row_groups, 'row group')}" if step.row_groups else ""
        yield f"reads {step.columns[0]} of {count(step.columns[1], 'column')}{groups}"
    if step.how == "partitioned" and not step.tasks:
        yield "in the tasks of what follows"
    if step.refused:
        yield f"not columnar: {step.refused}"


def _shape(meta: Meta) -> str:
    if isinstance(meta, TensorMeta):
        lengths = meta.shape
    elif isinstance(meta, PandasMeta):
        rows = math.nan if meta.rows is None else meta.rows
        lengths = (rows, *((math.nan,) if meta.open else meta.sample.shape[1:]))
    else:
        return ""
    return " x ".join("?" if math.isnan(length) else f"{int(length):,}" for length in lengths)
