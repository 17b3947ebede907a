"""The queries in pandas's style: one text for pandas, `mars_nb.dataframe` and Dask's data frames.

Each takes a way to read columns of a table. Columns are chosen and rows filtered before they are joined, as one writes
it for pandas. The parameters are those of the specification's answers, at every scale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Timestamp

Read = Callable[[str, list[str]], Any]


def q1(read: Read) -> Any:
    columns = "l_quantity l_extendedprice l_discount l_tax l_returnflag l_linestatus l_shipdate"
    line = read("lineitem", columns.split())
    line = line[line.l_shipdate <= Timestamp("1998-09-02")]
    line["disc_price"] = line.l_extendedprice * (1 - line.l_discount)
    line["charge"] = line.disc_price * (1 + line.l_tax)
    groups = line.groupby(["l_returnflag", "l_linestatus"], as_index=False).agg(
        sum_qty=("l_quantity", "sum"),
        sum_base_price=("l_extendedprice", "sum"),
        sum_disc_price=("disc_price", "sum"),
        sum_charge=("charge", "sum"),
        avg_qty=("l_quantity", "mean"),
        avg_price=("l_extendedprice", "mean"),
        avg_disc=("l_discount", "mean"),
        count_order=("l_quantity", "size"),
    )
    return groups.sort_values(["l_returnflag", "l_linestatus"])


def q2(read: Read) -> Any:
    part = read("part", ["p_partkey", "p_mfgr", "p_size", "p_type"])
    part = part[(part.p_size == 15) & part.p_type.str.endswith("BRASS")][["p_partkey", "p_mfgr"]]
    region = read("region", ["r_regionkey", "r_name"])
    nation = read("nation", ["n_nationkey", "n_name", "n_regionkey"])
    nation = nation.merge(region[region.r_name == "EUROPE"], left_on="n_regionkey", right_on="r_regionkey")
    columns = "s_suppkey s_name s_address s_nationkey s_phone s_acctbal s_comment"
    supplier = read("supplier", columns.split())
    supplier = supplier.merge(nation[["n_nationkey", "n_name"]], left_on="s_nationkey", right_on="n_nationkey")
    partsupp = read("partsupp", ["ps_partkey", "ps_suppkey", "ps_supplycost"])
    offers = part.merge(partsupp, left_on="p_partkey", right_on="ps_partkey")
    offers = offers.merge(supplier, left_on="ps_suppkey", right_on="s_suppkey")
    lowest = offers.groupby("p_partkey")["ps_supplycost"].min().reset_index()
    offers = offers.merge(lowest, on=["p_partkey", "ps_supplycost"])
    columns = "s_acctbal s_name n_name p_partkey p_mfgr s_address s_phone s_comment"
    by = ["s_acctbal", "n_name", "s_name", "p_partkey"]
    return offers[columns.split()].sort_values(by, ascending=[False, True, True, True]).head(100)


def q3(read: Read) -> Any:
    day = Timestamp("1995-03-15")
    customer = read("customer", ["c_custkey", "c_mktsegment"])
    customer = customer[customer.c_mktsegment == "BUILDING"]
    orders = read("orders", ["o_orderkey", "o_custkey", "o_orderdate", "o_shippriority"])
    orders = orders[orders.o_orderdate < day]
    line = read("lineitem", ["l_orderkey", "l_extendedprice", "l_discount", "l_shipdate"])
    line = line[line.l_shipdate > day]
    orders = orders.merge(customer[["c_custkey"]], left_on="o_custkey", right_on="c_custkey")
    joined = line.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    joined["revenue"] = joined.l_extendedprice * (1 - joined.l_discount)
    groups = joined.groupby(["l_orderkey", "o_orderdate", "o_shippriority"])["revenue"].sum().reset_index()
    groups = groups[["l_orderkey", "revenue", "o_orderdate", "o_shippriority"]]
    return groups.sort_values(["revenue", "o_orderdate"], ascending=[False, True]).head(10)


def q4(read: Read) -> Any:
    orders = read("orders", ["o_orderkey", "o_orderdate", "o_orderpriority"])
    since, until = Timestamp("1993-07-01"), Timestamp("1993-10-01")
    orders = orders[(orders.o_orderdate >= since) & (orders.o_orderdate < until)]
    line = read("lineitem", ["l_orderkey", "l_commitdate", "l_receiptdate"])
    late = line[line.l_commitdate < line.l_receiptdate][["l_orderkey"]].drop_duplicates()
    joined = orders.merge(late, left_on="o_orderkey", right_on="l_orderkey")
    return joined.groupby("o_orderpriority").size().reset_index(name="order_count").sort_values("o_orderpriority")


def q5(read: Read) -> Any:
    region = read("region", ["r_regionkey", "r_name"])
    nation = read("nation", ["n_nationkey", "n_name", "n_regionkey"])
    nation = nation.merge(region[region.r_name == "ASIA"], left_on="n_regionkey", right_on="r_regionkey")
    supplier = read("supplier", ["s_suppkey", "s_nationkey"])
    supplier = supplier.merge(nation[["n_nationkey", "n_name"]], left_on="s_nationkey", right_on="n_nationkey")
    customer = read("customer", ["c_custkey", "c_nationkey"])
    orders = read("orders", ["o_orderkey", "o_custkey", "o_orderdate"])
    since, until = Timestamp("1994-01-01"), Timestamp("1995-01-01")
    orders = orders[(orders.o_orderdate >= since) & (orders.o_orderdate < until)]
    orders = orders.merge(customer, left_on="o_custkey", right_on="c_custkey")
    line = read("lineitem", ["l_orderkey", "l_suppkey", "l_extendedprice", "l_discount"])
    joined = line.merge(orders[["o_orderkey", "c_nationkey"]], left_on="l_orderkey", right_on="o_orderkey")
    joined = joined.merge(supplier, left_on=["l_suppkey", "c_nationkey"], right_on=["s_suppkey", "s_nationkey"])
    joined["revenue"] = joined.l_extendedprice * (1 - joined.l_discount)
    return joined.groupby("n_name", as_index=False).agg({"revenue": "sum"}).sort_values("revenue", ascending=False)


def q6(read: Read) -> Any:
    line = read("lineitem", ["l_quantity", "l_extendedprice", "l_discount", "l_shipdate"])
    line = line[
        (line.l_shipdate >= Timestamp("1994-01-01"))
        & (line.l_shipdate < Timestamp("1995-01-01"))
        & line.l_discount.between(0.05, 0.07)
        & (line.l_quantity < 24)
    ]
    return (line.l_extendedprice * line.l_discount).sum()


def q7(read: Read) -> Any:
    nation = read("nation", ["n_nationkey", "n_name"])
    nation = nation[nation.n_name.isin(["FRANCE", "GERMANY"])]
    supplier = read("supplier", ["s_suppkey", "s_nationkey"])
    supplier = supplier.merge(nation, left_on="s_nationkey", right_on="n_nationkey")
    supplier = supplier[["s_suppkey", "n_name"]].rename(columns={"n_name": "supp_nation"})
    customer = read("customer", ["c_custkey", "c_nationkey"])
    customer = customer.merge(nation, left_on="c_nationkey", right_on="n_nationkey")
    customer = customer[["c_custkey", "n_name"]].rename(columns={"n_name": "cust_nation"})
    orders = read("orders", ["o_orderkey", "o_custkey"])
    orders = orders.merge(customer, left_on="o_custkey", right_on="c_custkey")[["o_orderkey", "cust_nation"]]
    line = read("lineitem", ["l_orderkey", "l_suppkey", "l_extendedprice", "l_discount", "l_shipdate"])
    line = line[line.l_shipdate.between(Timestamp("1995-01-01"), Timestamp("1996-12-31"))]
    joined = line.merge(supplier, left_on="l_suppkey", right_on="s_suppkey")
    joined = joined.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    joined = joined[joined.supp_nation != joined.cust_nation]
    joined["l_year"] = joined.l_shipdate.dt.year
    joined["volume"] = joined.l_extendedprice * (1 - joined.l_discount)
    by = ["supp_nation", "cust_nation", "l_year"]
    return joined.groupby(by).agg(revenue=("volume", "sum")).reset_index().sort_values(by)


def q8(read: Read) -> Any:
    part = read("part", ["p_partkey", "p_type"])
    part = part[part.p_type == "ECONOMY ANODIZED STEEL"][["p_partkey"]]
    region = read("region", ["r_regionkey", "r_name"])
    nation = read("nation", ["n_nationkey", "n_name", "n_regionkey"])
    american = nation.merge(region[region.r_name == "AMERICA"], left_on="n_regionkey", right_on="r_regionkey")
    customer = read("customer", ["c_custkey", "c_nationkey"])
    customer = customer.merge(american[["n_nationkey"]], left_on="c_nationkey", right_on="n_nationkey")[["c_custkey"]]
    orders = read("orders", ["o_orderkey", "o_custkey", "o_orderdate"])
    orders = orders[orders.o_orderdate.between(Timestamp("1995-01-01"), Timestamp("1996-12-31"))]
    orders = orders.merge(customer, left_on="o_custkey", right_on="c_custkey")
    supplier = read("supplier", ["s_suppkey", "s_nationkey"])
    supplier = supplier.merge(nation[["n_nationkey", "n_name"]], left_on="s_nationkey", right_on="n_nationkey")
    line = read("lineitem", ["l_orderkey", "l_partkey", "l_suppkey", "l_extendedprice", "l_discount"])
    joined = line.merge(part, left_on="l_partkey", right_on="p_partkey")
    joined = joined.merge(orders[["o_orderkey", "o_orderdate"]], left_on="l_orderkey", right_on="o_orderkey")
    joined = joined.merge(supplier[["s_suppkey", "n_name"]], left_on="l_suppkey", right_on="s_suppkey")
    joined["o_year"] = joined.o_orderdate.dt.year
    joined["volume"] = joined.l_extendedprice * (1 - joined.l_discount)
    joined["brazilian"] = joined.volume.where(joined.n_name == "BRAZIL", 0.0)
    years = joined.groupby("o_year", as_index=False)[["brazilian", "volume"]].sum()
    years["mkt_share"] = years.brazilian / years.volume
    return years[["o_year", "mkt_share"]].sort_values("o_year")


def q9(read: Read) -> Any:
    part = read("part", ["p_partkey", "p_name"])
    part = part[part.p_name.str.contains("green", regex=False)][["p_partkey"]]
    nation = read("nation", ["n_nationkey", "n_name"])
    supplier = read("supplier", ["s_suppkey", "s_nationkey"])
    supplier = supplier.merge(nation, left_on="s_nationkey", right_on="n_nationkey")[["s_suppkey", "n_name"]]
    partsupp = read("partsupp", ["ps_partkey", "ps_suppkey", "ps_supplycost"])
    partsupp = partsupp.merge(part, left_on="ps_partkey", right_on="p_partkey")
    columns = "l_orderkey l_partkey l_suppkey l_quantity l_extendedprice l_discount"
    line = read("lineitem", columns.split())
    joined = line.merge(partsupp, left_on=["l_partkey", "l_suppkey"], right_on=["ps_partkey", "ps_suppkey"])
    joined = joined.merge(supplier, left_on="l_suppkey", right_on="s_suppkey")
    orders = read("orders", ["o_orderkey", "o_orderdate"])
    joined = joined.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    joined["o_year"] = joined.o_orderdate.dt.year
    price = joined.l_extendedprice * (1 - joined.l_discount)
    joined["amount"] = price - joined.ps_supplycost * joined.l_quantity
    joined = joined.rename(columns={"n_name": "nation"})
    profit = joined.groupby(["nation", "o_year"], as_index=False).agg(sum_profit=("amount", "sum"))
    return profit.sort_values(["nation", "o_year"], ascending=[True, False])


def q10(read: Read) -> Any:
    orders = read("orders", ["o_orderkey", "o_custkey", "o_orderdate"])
    since, until = Timestamp("1993-10-01"), Timestamp("1994-01-01")
    orders = orders[(orders.o_orderdate >= since) & (orders.o_orderdate < until)]
    line = read("lineitem", ["l_orderkey", "l_extendedprice", "l_discount", "l_returnflag"])
    line = line[line.l_returnflag == "R"]
    nation = read("nation", ["n_nationkey", "n_name"])
    columns = "c_custkey c_name c_address c_nationkey c_phone c_acctbal c_comment"
    customer = read("customer", columns.split())
    joined = orders.merge(line, left_on="o_orderkey", right_on="l_orderkey")
    joined = joined.merge(customer, left_on="o_custkey", right_on="c_custkey")
    joined = joined.merge(nation, left_on="c_nationkey", right_on="n_nationkey")
    joined["revenue"] = joined.l_extendedprice * (1 - joined.l_discount)
    by = "c_custkey c_name c_acctbal c_phone n_name c_address c_comment".split()
    groups = joined.groupby(by)["revenue"].sum().reset_index()
    columns = "c_custkey c_name revenue c_acctbal n_name c_address c_phone c_comment"
    return groups[columns.split()].sort_values("revenue", ascending=False).head(20)


def q11(read: Read) -> Any:
    nation = read("nation", ["n_nationkey", "n_name"])
    nation = nation[nation.n_name == "GERMANY"]
    supplier = read("supplier", ["s_suppkey", "s_nationkey"])
    supplier = supplier.merge(nation[["n_nationkey"]], left_on="s_nationkey", right_on="n_nationkey")
    partsupp = read("partsupp", ["ps_partkey", "ps_suppkey", "ps_availqty", "ps_supplycost"])
    joined = partsupp.merge(supplier[["s_suppkey"]], left_on="ps_suppkey", right_on="s_suppkey")
    joined["value"] = joined.ps_supplycost * joined.ps_availqty
    values = joined.groupby("ps_partkey", as_index=False).agg({"value": "sum"})
    values = values[values.value > joined.value.sum() * 0.0001]
    return values.sort_values(["value", "ps_partkey"], ascending=[False, True])


def q12(read: Read) -> Any:
    line = read("lineitem", ["l_orderkey", "l_shipdate", "l_commitdate", "l_receiptdate", "l_shipmode"])
    line = line[
        line.l_shipmode.isin(["MAIL", "SHIP"])
        & (line.l_commitdate < line.l_receiptdate)
        & (line.l_shipdate < line.l_commitdate)
        & (line.l_receiptdate >= Timestamp("1994-01-01"))
        & (line.l_receiptdate < Timestamp("1995-01-01"))
    ]
    orders = read("orders", ["o_orderkey", "o_orderpriority"])
    joined = line.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    joined["high"] = joined.o_orderpriority.isin(["1-URGENT", "2-HIGH"])
    joined["low"] = ~joined.high
    groups = joined.groupby("l_shipmode").agg(high_line_count=("high", "sum"), low_line_count=("low", "sum"))
    return groups.reset_index().sort_values("l_shipmode")


def q13(read: Read) -> Any:
    customer = read("customer", ["c_custkey"])
    orders = read("orders", ["o_orderkey", "o_custkey", "o_comment"])
    orders = orders[~orders.o_comment.str.contains("special.*requests")]
    joined = customer.merge(orders[["o_orderkey", "o_custkey"]], left_on="c_custkey", right_on="o_custkey", how="left")
    counts = joined.groupby("c_custkey", as_index=False).agg(c_count=("o_orderkey", "count"))
    counts = counts.groupby("c_count", as_index=False).agg(custdist=("c_custkey", "count"))
    return counts.sort_values(["custdist", "c_count"], ascending=[False, False])


def q14(read: Read) -> Any:
    line = read("lineitem", ["l_partkey", "l_extendedprice", "l_discount", "l_shipdate"])
    line = line[(line.l_shipdate >= Timestamp("1995-09-01")) & (line.l_shipdate < Timestamp("1995-10-01"))]
    part = read("part", ["p_partkey", "p_type"])
    joined = line.merge(part, left_on="l_partkey", right_on="p_partkey")
    joined["revenue"] = joined.l_extendedprice * (1 - joined.l_discount)
    promoted = joined[joined.p_type.str.startswith("PROMO")]
    return 100 * promoted.revenue.sum() / joined.revenue.sum()


def q15(read: Read) -> Any:
    line = read("lineitem", ["l_suppkey", "l_extendedprice", "l_discount", "l_shipdate"])
    line = line[(line.l_shipdate >= Timestamp("1996-01-01")) & (line.l_shipdate < Timestamp("1996-04-01"))]
    line["total_revenue"] = line.l_extendedprice * (1 - line.l_discount)
    revenue = line.groupby("l_suppkey")["total_revenue"].sum().reset_index()
    best = revenue[revenue.total_revenue == revenue.total_revenue.max()]
    supplier = read("supplier", ["s_suppkey", "s_name", "s_address", "s_phone"])
    joined = supplier.merge(best, left_on="s_suppkey", right_on="l_suppkey")
    return joined[["s_suppkey", "s_name", "s_address", "s_phone", "total_revenue"]].sort_values("s_suppkey")


def q16(read: Read) -> Any:
    part = read("part", ["p_partkey", "p_brand", "p_type", "p_size"])
    part = part[
        (part.p_brand != "Brand#45")
        & ~part.p_type.str.startswith("MEDIUM POLISHED")
        & part.p_size.isin([49, 14, 23, 45, 19, 3, 36, 9])
    ]
    supplier = read("supplier", ["s_suppkey", "s_comment"])
    complaints = supplier[supplier.s_comment.str.contains("Customer.*Complaints")]
    partsupp = read("partsupp", ["ps_partkey", "ps_suppkey"])
    partsupp = partsupp[~partsupp.ps_suppkey.isin(complaints.s_suppkey)]
    joined = partsupp.merge(part, left_on="ps_partkey", right_on="p_partkey")
    by = ["p_brand", "p_type", "p_size"]
    groups = joined.groupby(by, as_index=False).agg(supplier_cnt=("ps_suppkey", "nunique"))
    return groups.sort_values(["supplier_cnt", *by], ascending=[False, True, True, True])


def q17(read: Read) -> Any:
    part = read("part", ["p_partkey", "p_brand", "p_container"])
    part = part[(part.p_brand == "Brand#23") & (part.p_container == "MED BOX")]
    line = read("lineitem", ["l_partkey", "l_quantity", "l_extendedprice"])
    joined = line.merge(part[["p_partkey"]], left_on="l_partkey", right_on="p_partkey")
    average = joined.groupby("p_partkey")["l_quantity"].transform("mean")
    return joined[joined.l_quantity < 0.2 * average].l_extendedprice.sum() / 7


def q18(read: Read) -> Any:
    line = read("lineitem", ["l_orderkey", "l_quantity"])
    quantities = line.groupby("l_orderkey", as_index=False).agg(sum_quantity=("l_quantity", "sum"))
    quantities = quantities[quantities.sum_quantity > 300]
    orders = read("orders", ["o_orderkey", "o_custkey", "o_orderdate", "o_totalprice"])
    customer = read("customer", ["c_custkey", "c_name"])
    joined = orders.merge(quantities, left_on="o_orderkey", right_on="l_orderkey")
    joined = joined.merge(customer, left_on="o_custkey", right_on="c_custkey")
    joined = joined[["c_name", "c_custkey", "o_orderkey", "o_orderdate", "o_totalprice", "sum_quantity"]]
    return joined.sort_values(["o_totalprice", "o_orderdate"], ascending=[False, True]).head(100)


def q19(read: Read) -> Any:
    columns = "l_partkey l_quantity l_extendedprice l_discount l_shipinstruct l_shipmode"
    line = read("lineitem", columns.split())
    line = line[line.l_shipmode.isin(["AIR", "AIR REG"]) & (line.l_shipinstruct == "DELIVER IN PERSON")]
    part = read("part", ["p_partkey", "p_brand", "p_container", "p_size"])
    joined = line.merge(part, left_on="l_partkey", right_on="p_partkey")
    small = (
        (joined.p_brand == "Brand#12")
        & joined.p_container.isin(["SM CASE", "SM BOX", "SM PACK", "SM PKG"])
        & joined.l_quantity.between(1, 11)
        & joined.p_size.between(1, 5)
    )
    medium = (
        (joined.p_brand == "Brand#23")
        & joined.p_container.isin(["MED BAG", "MED BOX", "MED PKG", "MED PACK"])
        & joined.l_quantity.between(10, 20)
        & joined.p_size.between(1, 10)
    )
    large = (
        (joined.p_brand == "Brand#34")
        & joined.p_container.isin(["LG CASE", "LG BOX", "LG PACK", "LG PKG"])
        & joined.l_quantity.between(20, 30)
        & joined.p_size.between(1, 15)
    )
    chosen = joined[small | medium | large]
    return (chosen.l_extendedprice * (1 - chosen.l_discount)).sum()


def q20(read: Read) -> Any:
    part = read("part", ["p_partkey", "p_name"])
    part = part[part.p_name.str.startswith("forest")]
    line = read("lineitem", ["l_partkey", "l_suppkey", "l_quantity", "l_shipdate"])
    line = line[(line.l_shipdate >= Timestamp("1994-01-01")) & (line.l_shipdate < Timestamp("1995-01-01"))]
    line = line[line.l_partkey.isin(part.p_partkey)]
    shipped = line.groupby(["l_partkey", "l_suppkey"], as_index=False).agg(quantity=("l_quantity", "sum"))
    partsupp = read("partsupp", ["ps_partkey", "ps_suppkey", "ps_availqty"])
    offers = partsupp.merge(shipped, left_on=["ps_partkey", "ps_suppkey"], right_on=["l_partkey", "l_suppkey"])
    offers = offers[offers.ps_availqty > 0.5 * offers.quantity]
    nation = read("nation", ["n_nationkey", "n_name"])
    supplier = read("supplier", ["s_suppkey", "s_name", "s_address", "s_nationkey"])
    supplier = supplier[supplier.s_suppkey.isin(offers.ps_suppkey)]
    joined = supplier.merge(nation[nation.n_name == "CANADA"], left_on="s_nationkey", right_on="n_nationkey")
    return joined[["s_name", "s_address"]].sort_values("s_name")


def q21(read: Read) -> Any:
    nation = read("nation", ["n_nationkey", "n_name"])
    nation = nation[nation.n_name == "SAUDI ARABIA"]
    supplier = read("supplier", ["s_suppkey", "s_name", "s_nationkey"])
    supplier = supplier.merge(nation[["n_nationkey"]], left_on="s_nationkey", right_on="n_nationkey")
    orders = read("orders", ["o_orderkey", "o_orderstatus"])
    orders = orders[orders.o_orderstatus == "F"][["o_orderkey"]]
    line = read("lineitem", ["l_orderkey", "l_suppkey", "l_commitdate", "l_receiptdate"])
    late = line[line.l_receiptdate > line.l_commitdate][["l_orderkey", "l_suppkey"]]
    suppliers = line.groupby("l_orderkey", as_index=False).agg(suppliers=("l_suppkey", "nunique"))
    several = suppliers[suppliers.suppliers > 1][["l_orderkey"]]
    suppliers = late.groupby("l_orderkey", as_index=False).agg(suppliers=("l_suppkey", "nunique"))
    only_one = suppliers[suppliers.suppliers == 1][["l_orderkey"]]
    joined = late.merge(supplier[["s_suppkey", "s_name"]], left_on="l_suppkey", right_on="s_suppkey")
    joined = joined.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    joined = joined.merge(several, on="l_orderkey").merge(only_one, on="l_orderkey")
    waiting = joined.groupby("s_name", as_index=False).agg(numwait=("l_orderkey", "size"))
    return waiting.sort_values(["numwait", "s_name"], ascending=[False, True]).head(100)


def q22(read: Read) -> Any:
    customer = read("customer", ["c_custkey", "c_phone", "c_acctbal"])
    customer["cntrycode"] = customer.c_phone.str[:2]
    customer = customer[customer.cntrycode.isin(["13", "31", "23", "29", "30", "18", "17"])]
    average = customer[customer.c_acctbal > 0].c_acctbal.mean()
    customer = customer[customer.c_acctbal > average]
    orders = read("orders", ["o_custkey"])
    customer = customer[~customer.c_custkey.isin(orders.o_custkey)]
    groups = customer.groupby("cntrycode").agg(numcust=("c_acctbal", "size"), totacctbal=("c_acctbal", "sum"))
    return groups.reset_index().sort_values("cntrycode")


QUERIES: dict[int, Callable[[Read], Any]] = {
    1: q1, 2: q2, 3: q3, 4: q4, 5: q5, 6: q6, 7: q7, 8: q8, 9: q9, 10: q10, 11: q11,
    12: q12, 13: q13, 14: q14, 15: q15, 16: q16, 17: q17, 18: q18, 19: q19, 20: q20, 21: q21, 22: q22,
}  # fmt: skip
