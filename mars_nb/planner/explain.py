"""What a plan would do, operation by operation, told without running it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mars_nb.files.parquet import ParquetReader
from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Node, ordered
from mars_nb.planner import engines
from mars_nb.planner.estimate import nbytes_of_value
from mars_nb.planner.inputs.reading import reader_of
from mars_nb.planner.plan import How, Lowered, Plan

_COMPUTED = ("partitioned", "whole", "gathered")


@dataclass(frozen=True, slots=True)
class Step:
    """A recorded operation in a plan.

    Attributes
    ----------
    node
        The operation.
    inputs
        Positions of the steps that it takes.
    how
        In what way it is lowered; None for what the plan does without.
    chunks
        Into how many chunks; None inside a columnar stage, which cuts nothing.
    tasks
        How many chunk tasks are its own.
    stage
        The columnar stage that computes it, counted from 1.
    nbytes
        About how many bytes it has, None where that depends on the data.
    columns
        Of a file, how many columns are read and how many there are.
    row_groups
        Of Parquet files, how many there are.
    refused
        Why it is not columnar, where that was asked.
    """

    node: Node
    inputs: tuple[int, ...]
    how: How | None
    chunks: int | None = None
    tasks: int = 0
    stage: int | None = None
    nbytes: int | None = None
    columns: tuple[int, int] | None = None
    row_groups: int | None = None
    refused: str = ""


#: How what is there is lowered: it is loaded.
THERE = frozenset({"held", "kept", "constant"})


@dataclass(frozen=True, slots=True)
class Explained:
    """What a plan would do.

    Attributes
    ----------
    steps
        Inputs first.
    tasks
        Number of all chunk tasks, those that load results left out.
    not_columnar
        Why the columnar engine was not asked at all, empty where it was or there are no frames.
    stages
        Polars's plan of each columnar stage.
    """

    steps: Sequence[Step]
    tasks: int
    not_columnar: str = ""
    stages: Sequence[str] = field(default_factory=list)


def explain(targets: Sequence[Node], planned: Plan, nbytes_of: Callable[[str], int] = lambda key: 0) -> Explained:
    """Tell what a plan would do.

    Parameters
    ----------
    targets
        The nodes that it was made for.
    planned
        The plan.
    nbytes_of
        Tells the bytes of a stored result.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> from mars_nb.planner import plan
    >>> node = mt.ones((4, 4), chunk_size=2).sum()._node
    >>> [(step.node.short_name, step.how) for step in explain([node], plan([node])).steps]
    [('ones', 'partitioned'), ('sum', 'partitioned')]
    """

    def is_held(node: Node) -> bool:
        return node in planned.lowered and planned.lowered[node].how in THERE

    nodes = ordered(targets, is_held)
    inside, columns, stages = _columnar(planned)
    tasks = Counter(task.operation for task in planned.graph.values())
    places = {node: i for i, node in enumerate(nodes)}
    refused = {} if planned.stages is None else planned.stages.refused
    steps = []
    for node in nodes:
        how, chunks = planned.lowered.get(node, (None, None))
        stage = inside.get(node)
        steps.append(
            Step(
                node,
                () if is_held(node) else tuple(places[input_] for input_ in node.inputs),
                how or (stage and "columnar") or None,
                chunks,
                tasks[node],
                stage,
                nbytes_of(node.key) if is_held(node) else nbytes_of_value(node),
                columns.get(node) or _columns_read(node, planned),
                reader.row_groups if isinstance(reader := reader_of(node), ParquetReader) else None,
                refused.get(node, "") if how in _COMPUTED and _is_of_frames(node) else "",
            )
        )
    held = sum(tasks[node] for node in nodes if is_held(node))
    frames = any(_is_of_frames(node) and not is_held(node) for node in nodes)
    why_not = engines.why_not(nodes, is_held, nbytes_of) if frames and planned.stages is None else ""
    return Explained(steps, len(planned.graph) - held, why_not, stages)


def _is_of_frames(node: Node) -> bool:
    return any(isinstance(found.meta, PandasMeta) for found in (node, *node.inputs))


def _columns_read(node: Node, planned: Plan) -> tuple[int, int] | None:
    there = _columns(node)
    return None if there is None else (len(planned.pruned.get(node, range(there))), there)


def _columns(node: Node) -> int | None:
    """Tell how many columns there are in the files that a node reads as a frame, None if it does something else."""
    is_frame = reader_of(node) is not None and isinstance(node.meta, PandasMeta) and node.meta.sample.ndim == 2
    return node.meta.sample.shape[1] if is_frame else None  # type: ignore[union-attr]


def _columnar(planned: Plan) -> tuple[dict[Node, int], dict[Node, tuple[int, int]], list[str]]:
    """Give the stage of each node inside one, the columns that are read by nodes which read, and Polars's plans."""
    inside: dict[Node, int] = {}
    columns: dict[Node, tuple[int, int]] = {}
    plans: list[str] = []
    found = planned.stages
    if found is None or not found.stages:
        return inside, columns, plans
    from mars_nb.planner.columnar.describe import columns_read, polars_plan

    stages = {id(found.stages[node]): found.stages[node] for node in planned.lowered if node in found.stages}
    for number, stage in enumerate(stages.values(), 1):
        for node in _inside(list(stage.answers), planned.lowered):
            inside.setdefault(node, number)
        for relation, read in columns_read(stage).items():
            node = found.begins[relation]
            there = _columns(node)
            if there is not None:
                columns[node] = (read, there)
        plans.append(polars_plan(stage))
    return inside, columns, plans


def _inside(answers: list[Node], lowered: Mapping[Node, Lowered]) -> list[Node]:
    """List what is computed for some answers and not for itself."""
    found: dict[Node, None] = {}
    waiting = list(answers)
    while waiting:
        node = waiting.pop()
        if node not in found and (node in answers or node not in lowered):
            found[node] = None
            waiting += node.inputs
    return list(found)
