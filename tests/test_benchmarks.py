"""The queries of `benchmarks/tpch.py` on small tables: pandas's answers in one part and in many; Polars's as well."""

from __future__ import annotations

import warnings

import latency
import numpy as np
import pandas as pd
import peers
import polars as pl
import pytest
from tpch_queries import frames, polars_queries

import mars_nb
import mars_nb.dataframe as md

REGIONS = {"FRANCE": 3, "GERMANY": 3, "BRAZIL": 1, "CANADA": 1, "SAUDI ARABIA": 4, "CHINA": 2, "INDIA": 2, "PERU": 1}
ONE_MORE = """
import contextlib, os

def make():
    return lambda question: contextlib.nullcontext(lambda: os._exit(1) if question is None else question + 1)
"""
N_SUPPLIERS, N_PARTS, N_CUSTOMERS, N_ORDERS, N_LINES = 40, 120, 150, 800, 3000


def days(draw, first, last, size):
    whole = (np.datetime64(last) - np.datetime64(first)).astype(int)
    return (np.datetime64(first) + draw.integers(0, whole, size)).astype("datetime64[us]")


def money(draw, low, high, size):
    return draw.integers(low * 100, high * 100, size) / 100


def made_up(seed=0):
    """Make tables with few different values, so that each query finds something."""
    draw = np.random.default_rng(seed)

    def some(words, size):
        return draw.choice(words.split(","), size)

    nation, supplier, part, customer, order = (
        np.arange(size) for size in (len(REGIONS), N_SUPPLIERS, N_PARTS, N_CUSTOMERS, N_ORDERS)
    )
    of_order = np.sort((N_ORDERS * draw.random(N_LINES) ** 2).astype(int))  # the first have many
    ordered = days(draw, "1992-01-01", "1998-08-01", N_ORDERS)
    of_part = draw.integers(0, N_PARTS, N_LINES)
    shipped = ordered[of_order] + draw.integers(1, 122, N_LINES).astype("timedelta64[D]")
    committed = ordered[of_order] + draw.integers(30, 91, N_LINES).astype("timedelta64[D]")
    return {
        "region": {"r_regionkey": np.arange(5), "r_name": ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"]},
        "nation": {"n_nationkey": nation, "n_name": list(REGIONS), "n_regionkey": list(REGIONS.values())},
        "supplier": {
            "s_suppkey": supplier,
            "s_name": [f"Supplier#{key:09}" for key in supplier],
            "s_address": some("here,there,nowhere", N_SUPPLIERS),
            "s_nationkey": draw.integers(0, len(REGIONS), N_SUPPLIERS),
            "s_phone": some("11-1,12-2", N_SUPPLIERS),
            "s_acctbal": money(draw, -999, 9999, N_SUPPLIERS),
            "s_comment": some("sleeps,the Customer has Complaints,,wakes", N_SUPPLIERS),
        },
        "part": {
            "p_partkey": part,
            "p_name": some("forest green,green forest,olive,forest lime", N_PARTS),
            "p_mfgr": some("Manufacturer#1,Manufacturer#2", N_PARTS),
            "p_brand": some("Brand#12,Brand#23,Brand#34,Brand#45", N_PARTS),
            "p_type": some("STANDARD BRASS,ECONOMY ANODIZED STEEL,PROMO TIN,MEDIUM POLISHED TIN,PROMO BRASS", N_PARTS),
            "p_size": draw.choice(np.array([3, 9, 14, 15, 50], "int32"), N_PARTS),
            "p_container": some("SM CASE,MED BOX,LG BOX,MED BAG", N_PARTS),
        },
        "partsupp": {
            "ps_partkey": np.repeat(part, 4),
            "ps_suppkey": (np.repeat(part, 4) + np.tile(np.arange(4), N_PARTS) * 10) % N_SUPPLIERS,
            "ps_availqty": draw.integers(1, 100, 4 * N_PARTS).astype("int32"),
            "ps_supplycost": draw.choice([1.5, 20.25, 300.0, 999.99], 4 * N_PARTS),
        },
        "customer": {
            "c_custkey": customer,
            "c_name": [f"Customer#{key:09}" for key in customer],
            "c_address": some("up,down", N_CUSTOMERS),
            "c_nationkey": draw.integers(0, len(REGIONS), N_CUSTOMERS),
            "c_phone": some("13-1,31-2,23-3,99-4", N_CUSTOMERS),
            "c_acctbal": money(draw, -999, 9999, N_CUSTOMERS),
            "c_mktsegment": some("BUILDING,MACHINERY", N_CUSTOMERS),
            "c_comment": some("waits,complains", N_CUSTOMERS),
        },
        "orders": {
            "o_orderkey": order,
            "o_custkey": draw.integers(0, N_CUSTOMERS, N_ORDERS) // 3 * 2,
            "o_orderstatus": some("F,O,P", N_ORDERS),
            "o_totalprice": money(draw, 900, 500_000, N_ORDERS),
            "o_orderdate": ordered,
            "o_orderpriority": some("1-URGENT,2-HIGH,3-MEDIUM,5-LOW", N_ORDERS),
            "o_shippriority": np.zeros(N_ORDERS, "int32"),
            "o_comment": some("special wild requests,requests special,plain,", N_ORDERS),
        },
        "lineitem": {
            "l_orderkey": of_order,
            "l_partkey": of_part,
            "l_suppkey": (of_part + draw.integers(0, 4, N_LINES) * 10) % N_SUPPLIERS,
            "l_quantity": draw.choice(np.concatenate([np.arange(1.0, 4.0), np.arange(1.0, 51.0)]), N_LINES),
            "l_extendedprice": money(draw, 900, 100_000, N_LINES),
            "l_discount": draw.integers(0, 11, N_LINES) / 100,
            "l_tax": draw.integers(0, 9, N_LINES) / 100,
            "l_returnflag": some("A,N,R", N_LINES),
            "l_linestatus": some("F,O", N_LINES),
            "l_shipdate": shipped,
            "l_commitdate": committed,
            "l_receiptdate": shipped + draw.integers(1, 31, N_LINES).astype("timedelta64[D]"),
            "l_shipinstruct": some("DELIVER IN PERSON,NONE", N_LINES),
            "l_shipmode": some("AIR,AIR REG,MAIL,SHIP", N_LINES),
        },
    }


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tpch")
    for name, columns in made_up().items():
        rows = 750 if name in ("lineitem", "orders") else 50
        pd.DataFrame(columns).to_parquet(folder / f"{name}.parquet", row_group_size=rows)
    return folder


@pytest.fixture(scope="module", name="wanted")
def _wanted(folder):
    return {number: query(reader_of(folder, pd)) for number, query in frames.QUERIES.items()}


def reader_of(folder, library):
    return lambda table, columns: library.read_parquet(folder / f"{table}.parquet", columns=columns)


def test_the_tables_have_something_for_each_query(wanted):
    assert sorted(wanted) == list(range(1, 23))
    for number, answer in wanted.items():
        assert len(answer) if isinstance(answer, pd.DataFrame) else answer > 0, f"Q{number}"


@pytest.mark.parametrize("number", range(1, 23))
@pytest.mark.parametrize("engine", ["pandas", "columnar"])
@pytest.mark.parametrize("chunk_bytes", [2**23, 4096], ids=["one part", "many parts"])
def test_answers_are_those_of_pandas(folder, wanted, number, chunk_bytes, engine):
    how = mars_nb.option_context({"engine": engine, "chunk_bytes": chunk_bytes})
    with how, mars_nb.new_session(), warnings.catch_warnings():
        warnings.simplefilter("ignore", mars_nb.errors.WholeWarning)
        found = frames.QUERIES[number](reader_of(folder, md)).execute().fetch()
    if isinstance(found, pd.DataFrame):
        pd.testing.assert_frame_equal(found, wanted[number], rtol=1e-12)
    else:
        assert found == pytest.approx(wanted[number], rel=1e-12)
        assert type(found) is type(wanted[number])


@pytest.mark.parametrize("number", range(1, 23))
def test_polars_queries_ask_the_same(folder, wanted, number):
    found = polars_queries.QUERIES[number](lambda table: pl.scan_parquet(folder / f"{table}.parquet")).collect()
    assert not peers.difference(peers.table(wanted[number]), found.to_pandas(), exactly=False)


def test_difference():
    difference = peers.difference
    frame = pd.DataFrame({"n": [1, 2], "x": [0.1, 0.2], "text": ["a", None]})
    assert not difference(frame, frame.copy(), exactly=True)
    rounded = frame.assign(x=[0.1 + 1e-12, 0.2])
    assert not difference(frame, rounded, exactly=True)
    for other in (
        frame.assign(n=frame.n.astype("int32")),
        frame.set_index([[1, 0]]),
        frame.assign(text=frame.text.astype(object)),
    ):
        assert difference(frame, other, exactly=True)
        assert not difference(frame, other, exactly=False)
    for other in (frame[::-1], frame.assign(x=[0.1, 0.3]), frame[["x", "n", "text"]], frame.head(1)):
        assert difference(frame, other, exactly=False)


def test_a_peer_that_fails_or_dies_is_told(monkeypatch, tmp_path):
    (tmp_path / "one_more.py").write_text(ONE_MORE)
    monkeypatch.syspath_prepend(tmp_path)
    peer = peers.Peer("one more", __import__("one_more").make)
    try:
        runs = [peer.ask(question) for question in (3, "what", None, 4)]
    finally:
        peer.stop()
    assert [run.answer for run in runs] == [4, None, None, 5]
    assert [run.error.split(":")[0] for run in runs] == ["", "TypeError", "its process died", ""]
    assert runs[0].seconds > 0
    assert runs[0].peak > 2**20


def test_small_work_gives_what_numpy_and_pandas_give(tmp_path):
    checks = {
        pd.DataFrame: pd.testing.assert_frame_equal,
        pd.Series: pd.testing.assert_series_equal,
    }
    with mars_nb.new_session():
        for name, ours, plain, _ in latency.cases(tmp_path):
            if plain is not None and not name.startswith("random"):
                found, wanted = ours(), plain()
                check = checks.get(type(wanted), lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12))
                check(found, wanted)
