"""Which of the user's names refer to lazy objects: variables, lists and dicts in them, ``Out[n]`` and ``_``.

Looking runs no code of anybody's: types are asked for, not ``isinstance``, which may call a property; and containers
are looked into by what `list`, `tuple` and `dict` do, whatever their subclasses do.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any

#: How many items of a container are looked at.
_LOOKED_AT = 1000
#: IPython's names for the last three outputs.
_LAST = ("_", "__", "___")
# Names that IPython makes: the same objects are in Out, and inputs are texts.
_IPYTHONS = re.compile(r"_\d+|_i+|_i\d+|_ih|_oh|_dh|In|Out|_+")


def key_of(value: Any) -> str | None:
    """Give the key of a lazy object, or of a Dask collection that was executed; None for anything else."""
    kind = _loaded("mars_nb.graph.tileable", "Tileable")
    if kind is not None and issubclass(type(value), kind):
        return str(value._node.key)
    known_key = _loaded("mars_nb.session.for_dask.collections", "known_key")
    return None if known_key is None else known_key(value)


def _loaded(module: str, name: str) -> Any:
    """Give what a module has, None as long as nobody needed it, or while another thread is at importing it."""
    return getattr(sys.modules.get(module), name, None)


def lazy_names(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Find all lazy objects with the names to write for them, such as ``df``, ``parts[0]``, ``Out[5]`` and ``_``.

    Parameters
    ----------
    namespace
        The user's, such as ``get_ipython().user_ns``.

    Returns
    -------
    dict
        Objects by name: the user's own names first, then outputs.
    """
    variables = dict(namespace)  # other threads may write to it
    outputs = variables.get("_oh")
    own = ((name, value) for name, value in variables.items() if not _IPYTHONS.fullmatch(name))
    out = ((f"Out[{n}]", value) for n, value in dict(outputs).items()) if type(outputs) is dict else ()
    last = ((name, variables[name]) for name in _LAST if name in variables)
    found: dict[str, Any] = {}
    for name, value in itertools.chain(own, out, last):
        if key_of(value) is not None:
            found[name] = value
        else:
            items = _items(value)
            found.update((f"{name}[{index!r}]", item) for index, item in items if key_of(item) is not None)
    return found


def names_by_key(namespace: Mapping[str, Any]) -> dict[str, list[str]]:
    """Group the user's names for lazy objects by the objects' keys."""
    found: dict[str, list[str]] = {}
    for name, value in lazy_names(namespace).items():
        found.setdefault(str(key_of(value)), []).append(name)
    return found


def name_results(shell: Any, *_: Any) -> None:
    """Tell the open sessions which of the user's variables hold their results, after a cell.

    Parameters
    ----------
    shell : InteractiveShell
        The running IPython.
    """
    registry = _loaded("mars_nb.session", "registry")
    sessions = registry.sessions() if registry is not None else ()
    if not any(session.results for session in sessions):
        return
    names = {
        name: key
        for name, value in lazy_names(shell.user_ns).items()
        if not name.startswith("_") and not name.startswith("Out[") and (key := key_of(value)) is not None
    }
    for session in sessions:
        session._name_variables(names)


def lookup(name: str, namespace: Mapping[str, Any]) -> list[Any]:
    """Give the lazy object of a name, or all in the container of that name; empty if there is none.

    Parameters
    ----------
    name
        As `lazy_names` writes it; quotes may be missing (``frames[a]``), as a command line takes them away.
    namespace
        The user's.
    """
    found = lazy_names(namespace)
    exact = [value for known, value in found.items() if name in (known, re.sub("['\"]", "", known))]
    return exact[:1] or [value for known, value in found.items() if known.startswith(f"{name}[")]


def forget_outputs(shell: Any, keys: Collection[str]) -> None:
    """Make IPython let go of outputs that are, or contain, lazy objects of these keys: ``Out[n]``, ``_n`` and ``_``.

    Parameters
    ----------
    shell : InteractiveShell
        The running IPython.
    keys
        Of the objects.
    """
    outputs = shell.user_ns.get("_oh")
    for number, value in list(outputs.items()) if type(outputs) is dict else ():
        if _contains(value, keys):
            del outputs[number]
            shell.drop_by_id({f"_{number}": value})
    for name in _LAST:
        if _contains(shell.user_ns.get(name), keys):
            shell.push({name: ""}, interactive=False)
        # The display hook has references of its own, under the same names, and would bring them back.
        if _contains(getattr(shell.displayhook, name, None), keys):
            setattr(shell.displayhook, name, "")


def _contains(value: Any, keys: Collection[str]) -> bool:
    return key_of(value) in keys or any(key_of(item) in keys for _, item in _items(value))


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    """Look into a list, tuple or dict, also of a subclass, whose own methods are not called."""
    kind, part = type(value), slice(_LOOKED_AT)
    if issubclass(kind, list):
        return enumerate(list.__getitem__(value, part))
    if issubclass(kind, tuple):
        return enumerate(tuple.__getitem__(value, part))
    if issubclass(kind, dict):
        items = list(itertools.islice(dict.items(value), _LOOKED_AT))  # at once, as other threads may write to it
        return ((key, item) for key, item in items if type(key) in (str, int))
    return ()
