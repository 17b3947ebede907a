"""Peers side by side: the same questions to each, seconds and answers beside each other.

A peer works in a process of its own, so that neither its threads nor its memory are in another's way, and one that
dies takes nobody along. While one works the others wait. What a peer opens for a question (a session, a connection) is
open before the clock starts.
"""

from __future__ import annotations

import gc
import importlib.util
import math
import multiprocessing
import resource
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: Gets ready for a question, and gives what answers it.
Ready = Callable[[Any], AbstractContextManager[Callable[[], Any]]]
PACKAGES = {"mars": "mars_nb"}


@dataclass(frozen=True)
class Run:
    """One answer, or what went wrong."""

    seconds: float = math.nan
    cpu_s: float = math.nan
    peak: int = 0
    answer: Any = None
    error: str = ""


@dataclass
class Asked:
    """What a peer did with one question, and what is wrong with its answer."""

    runs: list[Run] = field(default_factory=list)
    fault: str = ""

    @property
    def is_right(self) -> bool:
        return bool(self.runs) and not self.fault

    @property
    def seconds(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def cpu_s(self) -> float:
        return statistics.median(run.cpu_s for run in self.runs)

    @property
    def peak(self) -> int:
        return max(run.peak for run in self.runs)


class Peer:
    """A peer in its process, which is started when first asked, and again if it died."""

    def __init__(self, name: str, make: Callable[..., Ready], *arguments: Any, timeout_s: float = 600) -> None:
        self.name = name
        self._make = make
        self._arguments = arguments
        self._timeout_s = timeout_s
        self._process: Any = None
        self._pipe: Any = None

    def ask(self, question: Any) -> Run:
        """Ask, and wait for the answer."""
        if self._process is None:
            self._start()
        self._pipe.send(question)
        try:
            if self._pipe.poll(self._timeout_s):
                return self._pipe.recv()
            error = f"no answer in {self._timeout_s:g} s"
        except EOFError:
            error = "its process died"
        self.stop()
        return Run(error=error)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
            self._process = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._make, self._arguments), daemon=True)
        self._process.start()
        theirs.close()


def installed(names: Sequence[str]) -> list[str]:
    """Give those that are installed, and tell of the others."""
    there = [name for name in names if importlib.util.find_spec(PACKAGES.get(name, name))]
    if missing := [name for name in names if name not in there]:
        print(f"not installed: {', '.join(missing)} (pip install --group benchmarks)")
    return there


def ask_all(peers: Sequence[Peer], question: Any, repeat: int, first: Any = None) -> dict[str, Asked]:
    """Ask each in turn, so often; compare the answers with the first peer's that has one.

    A question that is put first, to each once, is not counted: what is imported when first needed is there then.
    """
    asked = {peer.name: Asked() for peer in peers}
    for number in range(repeat + (first is not None)):
        is_first = first is not None and number == 0
        for peer in peers:
            found = asked[peer.name]
            if found.fault:
                continue
            run = peer.ask(first if is_first else question)
            found.fault = run.error
            if not run.error and not is_first:
                found.runs.append(run)
    answers = ((name, found.runs[0].answer) for name, found in asked.items() if found.runs)
    reference, wanted = next(answers, ("", None))
    for name, found in asked.items():
        for run in found.runs:
            exactly = (reference, name) == ("pandas", "mars")
            found.fault = found.fault or difference(wanted, run.answer, exactly=exactly)
    return asked


def difference(wanted: pd.DataFrame, found: pd.DataFrame, *, exactly: bool) -> str:
    """Tell how an answer differs, with nothing to tell if not.

    Floats may differ by rounding. Exactly: types and index are as wanted too.
    """
    try:
        if not exactly:
            wanted, found = _plain(wanted), _plain(found)
        pd.testing.assert_frame_equal(found, wanted, rtol=1e-9, atol=1e-9)
    except AssertionError as error:
        return " ".join(str(error).split())
    return ""


def table(answer: Any) -> pd.DataFrame:
    """Give an answer as a frame, also if it is one number."""
    return answer if isinstance(answer, pd.DataFrame) else pd.DataFrame({"answer": [float(answer)]})


def compare(
    peers: Sequence[Peer], questions: Mapping[str, tuple[Any, Any]], repeat: int, *, with_peaks: bool = False
) -> None:
    """Put questions to all, each with one to begin with, and print a table; the peers are stopped then."""
    names = [peer.name for peer in peers]
    width = 20 if with_peaks else 10
    print(f"{'':<12}" + "".join(f"{name:>{width}}" for name in names), flush=True)
    asked = {}
    try:
        for label, (question, first) in questions.items():
            asked[label] = ask_all(peers, question, repeat, first)
            cells = "".join(f"{_cell(found, with_peaks):>{width}}" for found in asked[label].values())
            print(f"{label:<12}{cells}", flush=True)
    finally:
        for peer in peers:
            peer.stop()
    _summarize(asked, names)


def _cell(found: Asked, with_peaks: bool) -> str:
    """Give seconds, with a star if the answer is wrong, and the peak of memory."""
    if not found.runs:
        return "failed "
    return f"{found.seconds:.3f}{'*' if found.fault else ' '}" + f"{found.peak / 2**30:5.1f} GiB" * with_peaks


def _summarize(asked: Mapping[str, dict[str, Asked]], names: Sequence[str]) -> None:
    for label, row in asked.items():
        for name, found in row.items():
            if found.fault:
                print(f"* {label}, {name}: {found.fault[:200]}")
    shared = [row for row in asked.values() if all(found.is_right for found in row.values())]
    for name in names:
        right = [row for row in asked.values() if row[name].is_right]
        both = [row for row in right if "mars" in row and row["mars"].is_right]
        parts = [f"{name:<8}{len(right):3} right"]
        parts.append(f"geometric mean {geometric_mean([row[name].seconds for row in shared]):.3f} s")
        if name != "mars" and both:
            ratios = [row["mars"].seconds / row[name].seconds for row in both]
            cpu = geometric_mean([row["mars"].cpu_s / row[name].cpu_s for row in both])
            parts.append(f"mars to it {geometric_mean(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")
            parts.append(f"in processor time {cpu:.2f}")
        print(", ".join(parts))
    print(f"Geometric means are of the {len(shared)} that all have right, ratios of those that both have right.\n")


def geometric_mean(values: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values))) if values else math.nan


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame without what peers have in their own ways: the index, the types of numbers, times and texts."""
    columns = {}
    for name, values in frame.items():
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            columns[name] = values.to_numpy("datetime64[us]")
        elif pd.api.types.is_numeric_dtype(values.dtype):
            columns[name] = values.to_numpy("float64", na_value=np.nan)
        else:
            columns[name] = values.to_numpy(object)
    return pd.DataFrame(columns)


def _serve(pipe: Any, make: Callable[..., Ready], arguments: tuple[Any, ...]) -> None:
    warnings.simplefilter("ignore")
    ready = make(*arguments)
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        pipe.send(_run(ready, question))


def _run(ready: Ready, question: Any) -> Run:
    try:
        with ready(question) as answer:
            gc.collect()
            _forget_peak()
            started, cpu_started = time.perf_counter(), time.process_time()
            found = answer()
            seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
            return Run(seconds, cpu_s, _peak(), found)
    except Exception as error:
        return Run(error=f"{type(error).__name__}: {error}")


def _forget_peak() -> None:
    """Have the kernel measure the peak of memory anew, where it can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak() -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
