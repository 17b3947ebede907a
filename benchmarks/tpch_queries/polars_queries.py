"""The queries in Polars's own lazy expressions. Each takes a way to scan a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl
from polars import col

Scan = Callable[[str], pl.LazyFrame]

REVENUE = col("l_extendedprice") * (1 - col("l_discount"))


def _since(name: str, first: datetime, until: datetime) -> pl.Expr:
    return col(name).is_between(first, until, closed="left")


def q1(scan: Scan) -> pl.LazyFrame:
    return (
        scan("lineitem")
        .filter(col("l_shipdate") <= datetime(1998, 9, 2))
        .group_by("l_returnflag", "l_linestatus")
        .agg(
            sum_qty=col("l_quantity").sum(),
            sum_base_price=col("l_extendedprice").sum(),
            sum_disc_price=REVENUE.sum(),
            sum_charge=(REVENUE * (1 + col("l_tax"))).sum(),
            avg_qty=col("l_quantity").mean(),
            avg_price=col("l_extendedprice").mean(),
            avg_disc=col("l_discount").mean(),
            count_order=pl.len(),
        )
        .sort("l_returnflag", "l_linestatus")
    )


def q2(scan: Scan) -> pl.LazyFrame:
    offers = (
        scan("part")
        .filter(col("p_size") == 15, col("p_type").str.ends_with("BRASS"))
        .join(scan("partsupp"), left_on="p_partkey", right_on="ps_partkey")
        .join(scan("supplier"), left_on="ps_suppkey", right_on="s_suppkey")
        .join(scan("nation"), left_on="s_nationkey", right_on="n_nationkey")
        .join(scan("region").filter(col("r_name") == "EUROPE"), left_on="n_regionkey", right_on="r_regionkey")
    )
    lowest = offers.group_by("p_partkey").agg(col("ps_supplycost").min())
    return (
        offers.join(lowest, on=["p_partkey", "ps_supplycost"])
        .select("s_acctbal", "s_name", "n_name", "p_partkey", "p_mfgr", "s_address", "s_phone", "s_comment")
        .sort("s_acctbal", "n_name", "s_name", "p_partkey", descending=[True, False, False, False])
        .head(100)
    )


def q3(scan: Scan) -> pl.LazyFrame:
    day = datetime(1995, 3, 15)
    return (
        scan("customer")
        .filter(col("c_mktsegment") == "BUILDING")
        .join(scan("orders").filter(col("o_orderdate") < day), left_on="c_custkey", right_on="o_custkey")
        .join(scan("lineitem").filter(col("l_shipdate") > day), left_on="o_orderkey", right_on="l_orderkey")
        .group_by(col("o_orderkey").alias("l_orderkey"), "o_orderdate", "o_shippriority")
        .agg(revenue=REVENUE.sum())
        .select("l_orderkey", "revenue", "o_orderdate", "o_shippriority")
        .sort("revenue", "o_orderdate", descending=[True, False])
        .head(10)
    )


def q4(scan: Scan) -> pl.LazyFrame:
    late = scan("lineitem").filter(col("l_commitdate") < col("l_receiptdate"))
    return (
        scan("orders")
        .filter(_since("o_orderdate", datetime(1993, 7, 1), datetime(1993, 10, 1)))
        .join(late, left_on="o_orderkey", right_on="l_orderkey", how="semi")
        .group_by("o_orderpriority")
        .agg(order_count=pl.len())
        .sort("o_orderpriority")
    )


def q5(scan: Scan) -> pl.LazyFrame:
    return (
        scan("region")
        .filter(col("r_name") == "ASIA")
        .join(scan("nation"), left_on="r_regionkey", right_on="n_regionkey")
        .join(scan("customer"), left_on="n_nationkey", right_on="c_nationkey")
        .join(
            scan("orders").filter(_since("o_orderdate", datetime(1994, 1, 1), datetime(1995, 1, 1))),
            left_on="c_custkey",
            right_on="o_custkey",
        )
        .join(scan("lineitem"), left_on="o_orderkey", right_on="l_orderkey")
        .join(scan("supplier"), left_on=["l_suppkey", "n_nationkey"], right_on=["s_suppkey", "s_nationkey"])
        .group_by("n_name")
        .agg(revenue=REVENUE.sum())
        .sort("revenue", descending=True)
    )


def q6(scan: Scan) -> pl.LazyFrame:
    return (
        scan("lineitem")
        .filter(
            _since("l_shipdate", datetime(1994, 1, 1), datetime(1995, 1, 1)),
            col("l_discount").is_between(0.05, 0.07),
            col("l_quantity") < 24,
        )
        .select(answer=(col("l_extendedprice") * col("l_discount")).sum())
    )


def q7(scan: Scan) -> pl.LazyFrame:
    nation = scan("nation").filter(col("n_name").is_in(["FRANCE", "GERMANY"]))
    return (
        scan("lineitem")
        .filter(col("l_shipdate").is_between(datetime(1995, 1, 1), datetime(1996, 12, 31)))
        .join(
            scan("supplier")
            .join(nation, left_on="s_nationkey", right_on="n_nationkey")
            .select("s_suppkey", supp_nation="n_name"),
            left_on="l_suppkey",
            right_on="s_suppkey",
        )
        .join(scan("orders"), left_on="l_orderkey", right_on="o_orderkey")
        .join(
            scan("customer")
            .join(nation, left_on="c_nationkey", right_on="n_nationkey")
            .select("c_custkey", cust_nation="n_name"),
            left_on="o_custkey",
            right_on="c_custkey",
        )
        .filter(col("supp_nation") != col("cust_nation"))
        .group_by("supp_nation", "cust_nation", l_year=col("l_shipdate").dt.year())
        .agg(revenue=REVENUE.sum())
        .sort("supp_nation", "cust_nation", "l_year")
    )


def q8(scan: Scan) -> pl.LazyFrame:
    american = (
        scan("region")
        .filter(col("r_name") == "AMERICA")
        .join(scan("nation"), left_on="r_regionkey", right_on="n_regionkey")
        .join(scan("customer"), left_on="n_nationkey", right_on="c_nationkey")
        .select("c_custkey")
    )
    supplier = scan("supplier").join(scan("nation"), left_on="s_nationkey", right_on="n_nationkey")
    return (
        scan("part")
        .filter(col("p_type") == "ECONOMY ANODIZED STEEL")
        .join(scan("lineitem"), left_on="p_partkey", right_on="l_partkey")
        .join(
            scan("orders").filter(col("o_orderdate").is_between(datetime(1995, 1, 1), datetime(1996, 12, 31))),
            left_on="l_orderkey",
            right_on="o_orderkey",
        )
        .join(american, left_on="o_custkey", right_on="c_custkey")
        .join(supplier, left_on="l_suppkey", right_on="s_suppkey")
        .group_by(o_year=col("o_orderdate").dt.year())
        .agg(mkt_share=REVENUE.filter(col("n_name") == "BRAZIL").sum() / REVENUE.sum())
        .sort("o_year")
    )


def q9(scan: Scan) -> pl.LazyFrame:
    return (
        scan("part")
        .filter(col("p_name").str.contains("green", literal=True))
        .join(scan("partsupp"), left_on="p_partkey", right_on="ps_partkey")
        .join(scan("supplier"), left_on="ps_suppkey", right_on="s_suppkey")
        .join(scan("lineitem"), left_on=["p_partkey", "ps_suppkey"], right_on=["l_partkey", "l_suppkey"])
        .join(scan("orders"), left_on="l_orderkey", right_on="o_orderkey")
        .join(scan("nation"), left_on="s_nationkey", right_on="n_nationkey")
        .group_by(nation="n_name", o_year=col("o_orderdate").dt.year())
        .agg(sum_profit=(REVENUE - col("ps_supplycost") * col("l_quantity")).sum())
        .sort("nation", "o_year", descending=[False, True])
    )


def q10(scan: Scan) -> pl.LazyFrame:
    by = ["c_custkey", "c_name", "c_acctbal", "c_phone", "n_name", "c_address", "c_comment"]
    return (
        scan("customer")
        .join(
            scan("orders").filter(_since("o_orderdate", datetime(1993, 10, 1), datetime(1994, 1, 1))),
            left_on="c_custkey",
            right_on="o_custkey",
        )
        .join(scan("lineitem").filter(col("l_returnflag") == "R"), left_on="o_orderkey", right_on="l_orderkey")
        .join(scan("nation"), left_on="c_nationkey", right_on="n_nationkey")
        .group_by(by)
        .agg(revenue=REVENUE.sum())
        .select("c_custkey", "c_name", "revenue", "c_acctbal", "n_name", "c_address", "c_phone", "c_comment")
        .sort("revenue", descending=True)
        .head(20)
    )


def q11(scan: Scan) -> pl.LazyFrame:
    value = (
        scan("partsupp")
        .join(scan("supplier"), left_on="ps_suppkey", right_on="s_suppkey")
        .join(scan("nation").filter(col("n_name") == "GERMANY"), left_on="s_nationkey", right_on="n_nationkey")
        .select("ps_partkey", value=col("ps_supplycost") * col("ps_availqty"))
    )
    return (
        value.group_by("ps_partkey")
        .agg(col("value").sum())
        .filter(col("value") > col("value").sum() * 0.0001)
        .sort("value", "ps_partkey", descending=[True, False])
    )


def q12(scan: Scan) -> pl.LazyFrame:
    high = col("o_orderpriority").is_in(["1-URGENT", "2-HIGH"])
    return (
        scan("orders")
        .join(
            scan("lineitem").filter(
                col("l_shipmode").is_in(["MAIL", "SHIP"]),
                col("l_commitdate") < col("l_receiptdate"),
                col("l_shipdate") < col("l_commitdate"),
                _since("l_receiptdate", datetime(1994, 1, 1), datetime(1995, 1, 1)),
            ),
            left_on="o_orderkey",
            right_on="l_orderkey",
        )
        .group_by("l_shipmode")
        .agg(high_line_count=high.sum(), low_line_count=(~high).sum())
        .sort("l_shipmode")
    )


def q13(scan: Scan) -> pl.LazyFrame:
    orders = scan("orders").filter(~col("o_comment").str.contains("special.*requests"))
    return (
        scan("customer")
        .join(orders, left_on="c_custkey", right_on="o_custkey", how="left")
        .group_by("c_custkey")
        .agg(c_count=col("o_orderkey").count())
        .group_by("c_count")
        .agg(custdist=pl.len())
        .sort("custdist", "c_count", descending=True)
    )


def q14(scan: Scan) -> pl.LazyFrame:
    return (
        scan("lineitem")
        .filter(_since("l_shipdate", datetime(1995, 9, 1), datetime(1995, 10, 1)))
        .join(scan("part"), left_on="l_partkey", right_on="p_partkey")
        .select(answer=100 * REVENUE.filter(col("p_type").str.starts_with("PROMO")).sum() / REVENUE.sum())
    )


def q15(scan: Scan) -> pl.LazyFrame:
    best = (
        scan("lineitem")
        .filter(_since("l_shipdate", datetime(1996, 1, 1), datetime(1996, 4, 1)))
        .group_by("l_suppkey")
        .agg(total_revenue=REVENUE.sum())
        .filter(col("total_revenue") == col("total_revenue").max())
    )
    return (
        scan("supplier")
        .join(best, left_on="s_suppkey", right_on="l_suppkey")
        .select("s_suppkey", "s_name", "s_address", "s_phone", "total_revenue")
        .sort("s_suppkey")
    )


def q16(scan: Scan) -> pl.LazyFrame:
    complaints = scan("supplier").filter(col("s_comment").str.contains("Customer.*Complaints"))
    by = ["p_brand", "p_type", "p_size"]
    return (
        scan("part")
        .filter(
            col("p_brand") != "Brand#45",
            ~col("p_type").str.starts_with("MEDIUM POLISHED"),
            col("p_size").is_in([49, 14, 23, 45, 19, 3, 36, 9]),
        )
        .join(scan("partsupp"), left_on="p_partkey", right_on="ps_partkey")
        .join(complaints, left_on="ps_suppkey", right_on="s_suppkey", how="anti")
        .group_by(by)
        .agg(supplier_cnt=col("ps_suppkey").n_unique())
        .sort("supplier_cnt", *by, descending=[True, False, False, False])
    )


def q17(scan: Scan) -> pl.LazyFrame:
    joined = (
        scan("part")
        .filter(col("p_brand") == "Brand#23", col("p_container") == "MED BOX")
        .join(scan("lineitem"), left_on="p_partkey", right_on="l_partkey")
    )
    average = joined.group_by("p_partkey").agg(average=col("l_quantity").mean())
    return (
        joined.join(average, on="p_partkey")
        .filter(col("l_quantity") < 0.2 * col("average"))
        .select(answer=col("l_extendedprice").sum() / 7)
    )


def q18(scan: Scan) -> pl.LazyFrame:
    return (
        scan("lineitem")
        .group_by("l_orderkey")
        .agg(sum_quantity=col("l_quantity").sum())
        .filter(col("sum_quantity") > 300)
        .join(scan("orders"), left_on="l_orderkey", right_on="o_orderkey")
        .join(scan("customer"), left_on="o_custkey", right_on="c_custkey")
        .select(
            "c_name",
            col("o_custkey").alias("c_custkey"),
            col("l_orderkey").alias("o_orderkey"),
            "o_orderdate",
            "o_totalprice",
            "sum_quantity",
        )
        .sort("o_totalprice", "o_orderdate", descending=[True, False])
        .head(100)
    )


def q19(scan: Scan) -> pl.LazyFrame:
    def kind(brand: str, containers: str, least: int, size: int) -> pl.Expr:
        return (
            (col("p_brand") == brand)
            & col("p_container").is_in(containers.split(","))
            & col("l_quantity").is_between(least, least + 10)
            & col("p_size").is_between(1, size)
        )

    return (
        scan("lineitem")
        .filter(col("l_shipmode").is_in(["AIR", "AIR REG"]), col("l_shipinstruct") == "DELIVER IN PERSON")
        .join(scan("part"), left_on="l_partkey", right_on="p_partkey")
        .filter(
            kind("Brand#12", "SM CASE,SM BOX,SM PACK,SM PKG", 1, 5)
            | kind("Brand#23", "MED BAG,MED BOX,MED PKG,MED PACK", 10, 10)
            | kind("Brand#34", "LG CASE,LG BOX,LG PACK,LG PKG", 20, 15)
        )
        .select(answer=REVENUE.sum())
    )


def q20(scan: Scan) -> pl.LazyFrame:
    part = scan("part").filter(col("p_name").str.starts_with("forest"))
    shipped = (
        scan("lineitem")
        .filter(_since("l_shipdate", datetime(1994, 1, 1), datetime(1995, 1, 1)))
        .join(part, left_on="l_partkey", right_on="p_partkey", how="semi")
        .group_by("l_partkey", "l_suppkey")
        .agg(quantity=col("l_quantity").sum())
    )
    offers = (
        scan("partsupp")
        .join(shipped, left_on=["ps_partkey", "ps_suppkey"], right_on=["l_partkey", "l_suppkey"])
        .filter(col("ps_availqty") > 0.5 * col("quantity"))
    )
    return (
        scan("supplier")
        .join(scan("nation").filter(col("n_name") == "CANADA"), left_on="s_nationkey", right_on="n_nationkey")
        .join(offers, left_on="s_suppkey", right_on="ps_suppkey", how="semi")
        .select("s_name", "s_address")
        .sort("s_name")
    )


def q21(scan: Scan) -> pl.LazyFrame:
    line = scan("lineitem")
    late = line.filter(col("l_receiptdate") > col("l_commitdate"))
    several = line.group_by("l_orderkey").agg(col("l_suppkey").n_unique()).filter(col("l_suppkey") > 1)
    only_one = late.group_by("l_orderkey").agg(col("l_suppkey").n_unique()).filter(col("l_suppkey") == 1)
    return (
        scan("supplier")
        .join(scan("nation").filter(col("n_name") == "SAUDI ARABIA"), left_on="s_nationkey", right_on="n_nationkey")
        .join(late, left_on="s_suppkey", right_on="l_suppkey")
        .join(scan("orders").filter(col("o_orderstatus") == "F"), left_on="l_orderkey", right_on="o_orderkey")
        .join(several, on="l_orderkey", how="semi")
        .join(only_one, on="l_orderkey", how="semi")
        .group_by("s_name")
        .agg(numwait=pl.len())
        .sort("numwait", "s_name", descending=[True, False])
        .head(100)
    )


def q22(scan: Scan) -> pl.LazyFrame:
    customer = (
        scan("customer")
        .with_columns(cntrycode=col("c_phone").str.slice(0, 2))
        .filter(col("cntrycode").is_in(["13", "31", "23", "29", "30", "18", "17"]))
    )
    average = customer.filter(col("c_acctbal") > 0).select(average=col("c_acctbal").mean())
    return (
        customer.join(average, how="cross")
        .filter(col("c_acctbal") > col("average"))
        .join(scan("orders"), left_on="c_custkey", right_on="o_custkey", how="anti")
        .group_by("cntrycode")
        .agg(numcust=pl.len(), totacctbal=col("c_acctbal").sum())
        .sort("cntrycode")
    )


QUERIES: dict[int, Callable[[Scan], pl.LazyFrame]] = {
    1: q1, 2: q2, 3: q3, 4: q4, 5: q5, 6: q6, 7: q7, 8: q8, 9: q9, 10: q10, 11: q11,
    12: q12, 13: q13, 14: q14, 15: q15, 16: q16, 17: q17, 18: q18, 19: q19, 20: q20, 21: q21, 22: q22,
}  # fmt: skip
