"""The table of names in ``docs/api.md`` is true: it is what calling them shows."""

from __future__ import annotations

import gc

import api_table
import pytest


@pytest.mark.timeout(400)  # 30 s on a core of its own
@pytest.mark.filterwarnings("ignore")  # the originals', about the data and about what they will drop
def test_the_table_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    entries = api_table.entries()
    versions, found = api_table.read(api_table.table(entries))
    notes = {(title, entry.name): entry.note for title, rows in entries.items() for entry in rows}
    gc.collect()
    told_for, told = api_table.read(api_table.TARGET.read_text(encoding="utf-8"))
    same = versions == told_for
    wrong = [
        f"{title} {name}: {found.get((title, name))} ({notes.get((title, name))}), "
        f"where docs/api.md says {told.get((title, name))}"
        for title, name in sorted({*found, *told} if same else {*found} & {*told})
        if found.get((title, name)) != told.get((title, name))
    ]
    assert not wrong, "\n".join(["run `make api` (first see that it should be so):", *wrong])
    assert [name for name, how in found.items() if how == "fails"] == []


def test_the_table_is_read_back() -> None:
    rows = {"numpy": [api_table.Entry("sin", "partitioned", "`np.sin(a | b)`"), api_table.Entry("pi", "original", "")]}
    versions, told = api_table.read(api_table.table(rows))
    assert versions == api_table._versions()
    assert told == {("numpy", "sin"): "partitioned", ("numpy", "pi"): "original"}
