"""Wall time, processor time and peak memory of stock levels and their backtest.

    python tests/bench/bench_inventory.py                   100,000 articles of three years
    python tests/bench/bench_inventory.py --articles 10000

Beside them, DuckDB alone reading the same demand and adding up mean and deviation by article.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb
from bench import measure, print_ratio

from retail_analytics.inventory.tables import fit_inventory

DAYS = 1096
# A small rate for most articles and a high one for few, as in shops; a quarter sells in packs, and
# all sell double before Christmas: with a season there is more to forecast.
MAKE = """
    create table articles as
    with drawn as (
        select
            i,
            exp(1.2 * sqrt(-2 * ln(hash(i) / 18446744073709551616 + 1e-12))
                * cos(6.283185 * hash(i + 1e9) / 18446744073709551616) - 1.5) as rate
        from range({articles}) as numbers (i)
    )
    select
        printf('A%07d', i) as product_id,
        least(rate, 40.0) as rate,
        case when i % 4 = 0 then 4 else 1 end as pack,
        2.0 + i % 50 as unit_cost,
        10.0 * (1 + i % 7) as on_hand_units,
        rate * 100 as revenue,
        date '2024-12-31' as as_of_date
    from drawn;
    create table demand as
    with days as (
        select
            product_id,
            pack,
            rate,
            date '2022-01-01' + cast(day as integer) as demanded_on,
            case when day % 365 >= 304 then 2.0 else 0.8 end as season,
            hash(product_id, day) / 18446744073709551616 as chance,
            hash(day, product_id) / 18446744073709551616 as size
        from articles
        cross join range({days}) as numbers (day)
    )
    select
        product_id,
        demanded_on,
        cast(pack * ceil(greatest(rate, 1) * -ln(size + 1e-12)) as double) as units
    from days
    where chance < 1 - exp(-rate * season)
    order by product_id, demanded_on
"""
SETTINGS = """
    select
        0.95 as service_target, 7 as review_period_days, 14.0 as lead_time_days,
        0.3 as lead_time_sd_share, 0.25 as holding_cost_rate, 2.0 as order_cost,
        0.9 as salvage_rate, 4.0 as cover_weeks
"""
PLAIN = """
    create table plain as
    select
        product_id,
        sum(units) / $days as mean_units,
        sqrt(sum(units * units) / $days - pow(sum(units) / $days, 2)) as sd_units
    from demand
    group by product_id
"""


def make(file: Path, articles: int) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute(MAKE.format(articles=articles, days=DAYS))
        count = con.execute("select count(*) from demand").fetchall()[0][0]
        print(f"{count:,} days with demand")


def fit(file: Path) -> None:
    """As dbt does it: the rows are written by a cursor beside the one that reads."""
    with duckdb.connect(str(file)) as con:
        rows = fit_inventory(
            con.table("articles").df(),
            demand=con.table("demand"),
            settings=con.sql(SETTINGS).df(),
            history_days=DAYS,
            seed=1,
        )
        cursor = con.cursor()
        cursor.register("fits", rows)
        cursor.execute("create table inventory_fits as from fits")
        counted = "select count(*), count(reorder_point_units), count(season_index) from "
        print(*con.execute(counted + "inventory_fits").fetchall()[0])


def plain(file: Path) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute(PLAIN, {"days": DAYS})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--step", choices=["make", "fit", "plain"], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "make":
        make(options.file, options.articles)
        return
    if options.step:
        {"fit": fit, "plain": plain}[options.step](options.file)
        return
    with tempfile.TemporaryDirectory(prefix="retail-bench-") as name:
        folder = Path(name)
        print(f"{options.articles:,} articles")

        def run(title: str, step: str, **environment: str) -> object:
            command = [sys.executable, __file__, "--articles", str(options.articles)]
            command += ["--step", step, "--file", str(folder / "bench.duckdb")]
            log = folder / f"{step}.log"
            found = measure(title, command, log=log, **environment)
            print(log.read_text().strip(), end="\n" if log.read_text() else "")
            return found

        run("demand by article and day", "make")
        ours = run("levels and backtest", "fit", OMP_NUM_THREADS="1")
        bare = run("DuckDB alone, mean and deviation", "plain")
        print_ratio(ours, bare)


if __name__ == "__main__":
    main()
