"""Write ``docs/api.md``: how each public name of pandas and numpy works on lazy objects, found out by calling it."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import api_calls
import numpy as np
import pandas as pd
from api_calls import GROUPS, Call, Group

import mars_nb
import mars_nb.dataframe as md
import mars_nb.tensor as mt
from mars_nb.dataframe.handle import Handle
from mars_nb.errors import WholeWarning
from mars_nb.graph.node import ordered
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable

TARGET = Path(__file__).resolve().parents[1] / "docs" / "api.md"
#: Of the calls in the tests so many are tried for each name.
_MOST_TRIED = 4
_MODULES = {"pandas": md, "numpy": mt, "numpy.linalg": mt.linalg, "numpy.fft": mt.fft, "numpy.random": mt.random}
_CHUNKS: dict[str, Any] = {"df": 7, "tb": 4, "ts": 7, "ps": 7, "iv": 7} | {
    "a": (3, 2), "b": (3, 2), "v": 4, "s": 4, "k": 5, "c": (2, 2, 3), "z": (2, 3), "m": (3, 2)
}  # fmt: skip

#: How a name works; the best that was seen of a name's calls counts, in this order.
WORDS = {
    "partitioned": "chunk by chunk, on all cores",
    "whole": "numpy's or pandas's own function on all chunks put together: one thread, the memory of all; it warns",
    "opens": "gives an object of pandas's kind, such as a group-by or a window, whose names have tables of their own",
    "fetches": "computes and fetches the object, and gives what numpy or pandas gives",
    "known": "answers at once, nothing is computed",
    "original": "numpy's or pandas's own: a type, a constant",
    "none": "does not apply",
    "fails": "does not work yet",
}


class Entry(NamedTuple):
    """A row of a table."""

    name: str
    how: str
    note: str


class Trial:
    """Tries calls on many chunks.

    Parameters
    ----------
    session
        Where.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._scopes = self._made()

    def _made(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Make the lazy namespaces, of calls on frames and on arrays."""
        frames, arrays = api_calls.data()
        lazy = {name: md.from_pandas(frame, _CHUNKS[name]) for name, frame in frames.items()}
        tensors = {name: mt.tensor(array, chunk_size=_CHUNKS[name]) for name, array in arrays.items()}
        originals = api_calls.worlds()
        ours = {"md": md, "mt": mt}
        return {**originals[0], **ours, "pd": md, **lazy}, {**originals[1], **ours, "np": mt, **tensors}

    def how(self, call: Call) -> str | None:
        """Tell how a call works; None if it tells nothing, because there is one chunk only."""
        scope = api_calls.scope_of(call.group, self._scopes)
        try:
            owner = api_calls.evaluate(call.owner, scope) if call.owner else None
            is_cut = self._prepare(owner)
            with _heard() as told:
                how = self._tell(call, {**scope, "_": owner}, told)
            return None if how in ("partitioned", "whole") and not is_cut else how
        except Exception as error:
            return f"fails: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"

    def _prepare(self, owner: Any) -> bool:
        """Execute what a call is made on, so that what is seen is of the call alone."""
        base = owner._base if isinstance(owner, Handle) else owner
        if not isinstance(base, Tileable):
            return True
        with _heard():
            base.execute()
        return self._is_kept_in_chunks(base)

    def _is_kept_in_chunks(self, tileable: Tileable) -> bool:
        return any(result.key == tileable._node.key and result.chunks > 1 for result in self._session.results)

    def _tell(self, call: Call, scope: dict[str, Any], told: list[Any]) -> str:
        held = {id(item): (item, item._node) for item in scope.values() if isinstance(item, Tileable)}
        value = api_calls.evaluate(call.last, scope)
        if isinstance(value, Iterator):
            value = list(value)
        found = [leaf for leaf in leaves(value) if isinstance(leaf, Tileable)]
        if value is None:
            found = [item for item, node in held.values() if item._node is not node]  # was changed in place
        if not found:
            return "fetches" if self._runs(call) else "known"
        if all(isinstance(leaf, Handle) for leaf in found):
            return "opens"
        mars_nb.execute(*[leaf for leaf in found if not isinstance(leaf, Handle)])
        is_whole = any(issubclass(warning.category, WholeWarning) for warning in told)
        sources = (node.chunks for leaf in found for node in ordered([leaf._node]))
        is_cut = any(lengths and any(len(axis) > 1 for axis in lengths) for lengths in sources)
        is_cut = is_cut or any(map(self._is_kept_in_chunks, found))
        return "partitioned" if is_cut and not is_whole else "whole"

    def _runs(self, call: Call) -> bool:
        """Tell whether a call that gives nothing lazy executes something."""
        scopes, before = self._made(), self._number()
        value = api_calls.evaluate(call.text, api_calls.scope_of(call.group, scopes))
        if isinstance(value, Iterator):
            next(value, None)
        return self._number() > before

    def _number(self) -> int:
        return int(self._session.tasks[-1].number) if self._session.tasks else 0


@contextmanager
def _heard() -> Iterator[list[Any]]:
    with warnings.catch_warnings(record=True) as told, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        yield told


def entries() -> dict[str, list[Entry]]:
    """Find out how each name works, for each group."""
    listed = api_calls.listed()
    calls: dict[tuple[str, str], list[Call]] = {}
    for call in api_calls.collect([*listed.texts, *api_calls.of_tests()]):
        several = calls.setdefault((call.group, call.name), [])
        if len(several) < _MOST_TRIED:
            several.append(call)
    with (
        TemporaryDirectory() as folder,
        chdir(folder),  # some calls write files
        warnings.catch_warnings(),
        mars_nb.new_session(n_threads=1) as session,
        mars_nb.option_context({"show_progress": False}),
    ):
        warnings.simplefilter("ignore")  # the originals', about the data
        api_calls.write_files()
        trial, originals = Trial(session), api_calls.worlds()

        def entry(group: Group, name: str) -> Entry:
            if (reason := listed.reasons.get(f"{group.title}.{name}")) is not None:
                return Entry(name, "none", reason)
            ours = getattr(_MODULES.get(group.title), name, None)
            if ours is not None and ours is getattr(group.original, name):
                return Entry(name, "original", "")
            known = [(trial.how(call), call) for call in calls.get((group.title, name), [])]
            if not any(how for how, _ in known):
                tried = ((trial.how(call), call) for call in api_calls.tried(group, name, originals))
                known = list(itertools.islice(itertools.filterfalse(_says_nothing, tried), 1))
            return _summed_up(name, known)

        found = {title: [entry(group, name) for name in group.names] for title, group in GROUPS.items()}
        others = [Call(name, name, "", text) for name, text in listed.others.items()]
        plots = sys.modules.get("matplotlib.pyplot")
        if plots is not None:
            plots.close("all")
        found["Names of Mars"] = [_summed_up(call.name, [(trial.how(call), call)]) for call in others]
    gone = (Entry(name, "none", why) for name, why in listed.reasons.items() if name.startswith(("md.", "mt.", "mr.")))
    found["Names of Mars"] += gone
    return found


def _says_nothing(outcome: tuple[str | None, Call]) -> bool:
    """Tell of a call that does not count: not every function takes ``chunk_size``, which is tried first."""
    how, call = outcome
    return how is None or (how.startswith("fails") and "chunk_size" in call.last)


def _summed_up(name: str, outcomes: list[tuple[str | None, Call]]) -> Entry:
    """Sum up what some calls of a name came to; the best of them counts."""
    seen = {how: call for how, call in reversed(outcomes) if how is not None}
    for how, call in sorted(seen.items(), key=lambda item: _word(item[0])[0]):
        _, word, problem = _word(how)
        note = f"`{call.text}`{problem}"
        other = seen.get("whole") if word == "partitioned" else None
        return Entry(name, word, note if other is None else f"{note}; whole: `{other.text}`")
    return Entry(name, "fails", "")


def _word(how: str) -> tuple[int, str, str]:
    """Take an outcome apart: the rank of its word, the word, and what went wrong."""
    word, colon, problem = how.partition(":")
    return list(WORDS).index(word), word, colon + problem


def table(found: dict[str, list[Entry]]) -> str:
    """Write the document."""
    counts = {title: Counter(entry.how for entry in rows) for title, rows in found.items()}
    words = [word for word in WORDS if any(count[word] for count in counts.values())]
    lines = [
        "# What works, and how",
        "",
        f"For {_versions()}. Made by `make api`, which calls each public name of pandas and numpy on lazy objects of",
        "many chunks. On one chunk all run numpy's or pandas's own function. What differs is told in",
        "[differences.md](differences.md).",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {word} | {WORDS[word]} |" for word in words),
        "",
        "The call beside a name is one that was tried. `df`, `tb`, `ts`, `ps` and `iv` are data frames, single letters",
        "arrays. Where a name is partitioned for some arguments only, a call follows for which it is whole.",
        "",
        f"| names of | {' | '.join(words)} |",
        f"| --- |{' ---: |' * len(words)}",
        *(
            f"| [{title}](#{_anchor(title)}) | {' | '.join(str(count[word] or '') for word in words)} |"
            for title, count in counts.items()
        ),
    ]
    for title, rows in found.items():
        lines += ["", f"## {title}", "", "| name | how | |", "| --- | --- | --- |"]
        lines += [f"| {name} | {how} | {note.replace('|', chr(92) + '|')} |" for name, how, note in rows]
    return "\n".join(lines) + "\n"


def _versions() -> str:
    return " and ".join(f"{module.__name__} {'.'.join(module.__version__.split('.')[:2])}" for module in (pd, np))


def read(text: str) -> tuple[str, dict[tuple[str, str], str]]:
    """Read a document: its versions, and how each name works by title and name."""
    versions, title, told = "", "", {}
    for line in text.splitlines():
        if line.startswith("For "):
            versions = line[4:].partition(". ")[0]
        elif line.startswith("## "):
            title = line[3:]
        elif title and line.startswith("| ") and not line.startswith(("| name |", "| --- ")):
            name, how = line[2:].split(" | ")[:2]
            told[title, name] = how
    return versions, told


def _anchor(title: str) -> str:
    return title.lower().replace(".", "").replace(" ", "-")


if __name__ == "__main__":
    text = table(entries())
    TARGET.write_text(text, encoding="utf-8")
    sys.stderr.writelines(f"{line}\n" for line in text.splitlines() if "| fails |" in line)
