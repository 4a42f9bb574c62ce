"""What recommendations cost, beside what a user would write in pandas, on the same files.

    python tests/bench/bench_recommendations.py [customers] [products]     100,000 and 500 without

Each part runs in a process of its own from numbered purchases, as the models read them: what lists
are learned from and tested on, the lists of all customers (ten places, parts, reasons, chances),
rules of the basket, next purchases. Beside them the step `reco` of the pandas pipeline: three
products per customer by fixed weights, without test, repeats, reasons or rules.
"""

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from retail_analytics.recommendations import tables

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "bench"
RULES = ROOT / "seeds" / "rules" / "recommendations" / "recommendation_rules.csv"
Z = 1.2815515655446004
PARTS = ("backtest", "lists", "rules", "next")
NUMBERED = """
    create table customers as
    select
        row_number() over (order by customer_id) - 1 as customer_number,
        customer_id,
        'all' as popularity_group,
        true as is_listed,
        {factors},
        1.0 as price_factor,
        0 as explore_slots
    from '{data}/customers.parquet';
    create table products as
    select
        row_number() over (order by product_id) - 1 as product_number,
        product_id,
        category,
        cast(null as varchar) as brand,
        cast(list_price as double) as price,
        true as is_offered
    from '{data}/products.parquet';
    create table baskets as
    select
        order_id,
        customer_id,
        cast(ordered_at as date) as ordered_on,
        row_number() over (order by ordered_at, order_id) - 1 as basket_number
    from '{data}/orders.parquet'
    where order_status = 'completed';
    create table purchases as
    select
        cast(baskets.basket_number as integer) as basket_number,
        cast(products.product_number as integer) as product_number,
        cast(any_value(customers.customer_number) as integer) as customer_number,
        false as is_sent_back,
        cast(sum(lines.quantity) as double) as quantity,
        any_value(baskets.ordered_on) as ordered_on
    from '{data}/order_lines.parquet' as lines
    inner join baskets on lines.order_id = baskets.order_id
    inner join products on lines.product_id = products.product_id
    left join customers on baskets.customer_id = customers.customer_id
    group by baskets.basket_number, products.product_number
"""


def number_rows(data: Path, out: Path) -> None:
    """Customers, products and purchases with numbers, as Parquet."""
    factors = ", ".join(f"cast(1 as double) as {name}" for name in tables.FACTORS)
    with duckdb.connect() as con:
        con.execute(NUMBERED.format(data=data, factors=factors))
        for name in ("customers", "products", "purchases"):
            con.execute(f"copy {name} to '{out / name}.parquet'")


def run_part(part: str, folder: Path) -> None:
    """One part, from the numbered rows; the backtest leaves its figures to the lists."""
    rules = pd.read_csv(RULES)
    rows = pq.read_table(folder / "purchases.parquet")
    customers = pd.read_parquet(folder / "customers.parquet")
    products = pd.read_parquet(folder / "products.parquet")
    as_of = max(rows["ordered_on"].unique().to_pylist())
    last_month = (as_of.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    common = {"rules": rules, "as_of": as_of}
    figures = folder / "figures.parquet"
    if part == "backtest":
        tables.backtest_table(
            rows,
            customers=len(customers),
            products=products,
            last_month=last_month,
            z=Z,
            seed=1,
            **common,
        ).to_parquet(figures)
    elif part == "lists":
        lists = tables.list_table(
            rows,
            customers=customers,
            products=products,
            figures=pd.read_parquet(figures),
            **common,
        )
        print(f"{sum(batch.num_rows for batch in lists):,} places of lists")
    elif part == "rules":
        tables.association_rule_table(
            rows.select(["basket_number", "product_number"]), products=products, z=Z, **common
        )
    elif part == "next":
        found = tables.repeat_fit_table(
            rows, customers=len(customers), products=len(products), **common
        )
        tables.next_purchase_table(
            rows, customers=customers, products=products, figures=found, as_of=as_of
        )


def measured(name: str, *command: object) -> None:
    """Runs a process to its end: seconds, seconds of processor, MiB at the most."""
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, *map(str, command)])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{name} failed")
    print(
        f"{name:<28}{time.monotonic() - start:>8.1f} s wall"
        f"{usage.ru_utime + usage.ru_stime:>8.1f} s cpu{usage.ru_maxrss / 1024:>8.0f} MiB",
        flush=True,
    )


def main() -> None:
    """Prints what each part and the pandas pipeline took."""
    if sys.argv[1:2] == ["--part"]:
        run_part(sys.argv[2], Path(sys.argv[3]))
        return
    customers, products = (*map(int, sys.argv[1:3]), *(100_000, 500)[len(sys.argv) - 1 :])
    if not SHARED.exists():
        sys.exit(f"{SHARED} is not there: it holds what the bench is measured against")
    with tempfile.TemporaryDirectory(prefix="retail-bench-") as name:
        data = Path(name) / "data"
        measured("input files", SHARED / "make_commerce.py", data, customers, products)
        number_rows(data, Path(name))
        for part in PARTS:
            measured(part, __file__, "--part", part, name)
        measured("pandas: load, rfm, reco", SHARED / "pandas_pipeline.py", data, name, "reco")


if __name__ == "__main__":
    main()
