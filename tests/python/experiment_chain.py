"""The experiments from inputs to decisions, run in memory: the SQL as it stands, without dbt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import yaml
from compiled import ROOT, run_models, staged_and_kept

from retail_analytics.experiments.checks import experiment_checks
from retail_analytics.experiments.decisions import experiment_decisions
from retail_analytics.experiments.moments import arm_moments
from retail_analytics.experiments.results import (
    daily_results,
    experiment_results,
    experiment_segments,
)

RULES = sorted(path.stem for path in (ROOT / "seeds" / "rules" / "experiments").glob("*.csv"))
TYPES = {
    seed["name"]: seed["config"]["column_types"]
    for seed in yaml.safe_load(
        (ROOT / "seeds" / "rules" / "experiments" / "_rules.yml").read_text(encoding="utf-8")
    )["seeds"]
}
INPUTS = {
    "stg_experiment_assignments": "experiment_id varchar, customer_id varchar, variant varchar, "
    "assigned_at timestamp, reasons varchar[], row_status varchar",
    "stg_experiment_outcomes": "experiment_id varchar, customer_id varchar, metric varchar, "
    "value decimal(18, 4), observed_at timestamp, reasons varchar[]",
    "orders": "order_id varchar, customer_id varchar, order_status varchar, is_purchase boolean, "
    "revenue decimal(18, 4), ordered_on date, ordered_at timestamp",
    "customers": "customer_id varchar, region varchar, first_ordered_on date",
    "stg_complaints": "order_id varchar, complaint_count bigint, complained_on date, "
    "reasons varchar[]",
    "stg_support_tickets": "customer_id varchar, satisfaction_score decimal(18, 4), "
    "opened_at timestamp, reasons varchar[]",
    "stg_touchpoints": "customer_id varchar, touched_at timestamp, reasons varchar[]",
}
MODELS = (
    *("int_experiment_settings", "int_experiment_assignments", "int_experiment_designs"),
    "int_experiment_variants",
    *("experiment_units", "int_experiment_named_metrics", "int_experiment_metrics"),
    "int_experiment_order_outcomes",
    *("int_experiment_outcome_values", "int_experiment_measured_outcomes"),
    *("int_experiment_values", "int_experiment_scales"),
    *("int_experiment_sums", "int_experiment_unit_counts", "int_experiment_quantile_points"),
    "int_experiment_hashed_units",
    *("int_experiment_check_counts", "int_experiment_unit_events"),
    *("int_experiment_running_values", "int_experiment_daily_sums", "int_experiment_arrivals"),
    *("rollout_schedule", "int_experiment_sightings", "experiment_traffic"),
    "int_experiment_baselines",
)


@dataclass(frozen=True)
class Tables:
    """What people read, and the database behind it."""

    con: duckdb.DuckDBPyConnection
    results: pd.DataFrame
    checks: pd.DataFrame
    decisions: pd.DataFrame
    segments: pd.DataFrame
    daily: pd.DataFrame

    def row(self, experiment: str, metric: str, method: str = "welch", **where: str) -> pd.Series:
        """The one result of an experiment, metric and method."""
        found = self.results.query(
            "experiment_id == @experiment and metric == @metric and method == @method"
        )
        for name, value in where.items():
            found = found[found[name] == value]
        assert len(found) == 1, found
        return found.iloc[0]

    def check(self, experiment: str, name: str) -> pd.Series:
        """A check of an experiment."""
        found = self.checks.query("experiment_id == @experiment and check_name == @name")
        assert len(found) == 1
        return found.iloc[0]

    def decision(self, experiment: str, variant: str | None = None) -> pd.Series:
        """The decision on an experiment (on one of its variants)."""
        found = self.decisions[self.decisions["experiment_id"] == experiment]
        if variant is not None:
            found = found[found["variant"] == variant]
        assert len(found) == 1, found
        return found.iloc[0]


def shop(
    tables: Mapping[str, pd.DataFrame],
    *,
    as_of: date = date(2024, 12, 31),
    rules: Mapping[str, pd.DataFrame] | None = None,
) -> duckdb.DuckDBPyConnection:
    """A database with these inputs (the others empty), the rules, and today."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    for name, columns in INPUTS.items():
        con.execute(f"create table {name} ({columns})")
        if name in tables:
            rows = tables[name]
            if "row_status" in columns and "row_status" not in rows:
                rows = rows.assign(row_status="kept")
            # Arrow: a missing number is null, not NaN
            con.register("given_rows", pa.Table.from_pandas(rows, preserve_index=False))
            con.execute(f"insert into {name} by name from given_rows")
            con.unregister("given_rows")
    for rule in RULES:
        (path,) = (ROOT / "seeds" / "rules").rglob(f"{rule}.csv")
        con.execute(f"create table {rule} as from read_csv('{path}', columns={TYPES[rule]})")
        if rules and rule in rules:
            con.register("given_rows", rules[rule])
            con.execute(f"delete from {rule}")
            con.execute(f"insert into {rule} by name from given_rows")
            con.unregister("given_rows")
    con.execute("create table int_as_of as select cast($1 as date) as as_of_date", [as_of])
    return con


def run(con: duckdb.DuckDBPyConnection) -> Tables:
    """Every table of experiments."""
    run_models(con, dict.fromkeys(MODELS, "table"), staged_and_kept)

    def frame(name: str) -> pd.DataFrame:
        return con.table(name).df()

    metrics, variants = frame("int_experiment_metrics"), frame("int_experiment_variants")
    settings = frame("int_experiment_settings").iloc[0].to_dict()
    sums, counts = frame("int_experiment_sums"), frame("int_experiment_unit_counts")
    scales = frame("int_experiment_scales")

    def moments(segments: Sequence[str] = ()) -> pd.DataFrame:
        return arm_moments(sums, counts=counts, metrics=metrics, scales=scales, segments=segments)

    results = experiment_results(
        moments(),
        points=frame("int_experiment_quantile_points"),
        metrics=metrics,
        variants=variants,
        settings=settings,
        seed=42,
    )
    checks = experiment_checks(frame("int_experiment_check_counts"), settings=settings)
    decisions = experiment_decisions(
        results,
        checks=checks,
        metrics=metrics,
        variants=variants,
        designs=frame("int_experiment_designs"),
        arrivals=frame("int_experiment_arrivals"),
        reasons=frame("experiment_reasons"),
        settings=settings,
    )
    segments = experiment_segments(
        {name: moments([name]) for name in ("region", "buyer_type")},
        variants=variants,
        settings=settings,
    )
    daily = daily_results(
        frame("int_experiment_daily_sums"), scales=scales, variants=variants, settings=settings
    )
    return Tables(con, results, checks, decisions, segments, daily)


def sample_shop(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database with what a sample of parquet files says of experiments."""
    con = duckdb.connect()

    def read(query: str) -> pd.DataFrame:
        return con.execute(query.replace("FROM ", f"from '{folder}/")).df()

    orders = read(
        """
        select order_id, customer_id, order_status,
            order_status in ('placed', 'completed') as is_purchase,
            case order_status when 'returned' then -1 when 'cancelled' then 0 else 1 end
            * order_total as revenue,
            cast(ordered_at as date) as ordered_on, ordered_at
        FROM orders.parquet'
        where ordered_at < timestamp '2025-01-01' and order_id not like 'X%'
        qualify row_number() over (partition by order_id order by ordered_at desc) = 1
        """
    )
    customers = read(
        """
        select customers.customer_id, customers.region,
            cast(min(orders.ordered_at) as date) as first_ordered_on
        FROM customers.parquet' as customers
        left join orders on customers.customer_id = orders.customer_id
        group by all
        """.replace("orders on", f"'{folder}/orders.parquet' as orders on")
    )
    return shop(
        {
            "stg_experiment_assignments": read(
                "select distinct * FROM experiment_assignments.parquet'"
            ),
            "stg_experiment_outcomes": read("select * FROM experiment_outcomes.parquet'"),
            "orders": orders,
            "customers": customers,
            "stg_complaints": read("select * exclude (topic) FROM complaints.parquet'"),
            "stg_support_tickets": read(
                "select customer_id, opened_at, "
                "try_cast(satisfaction_score as double) as satisfaction_score "
                "FROM support_tickets.parquet'"
            ),
            "stg_touchpoints": read("select customer_id, touched_at FROM touchpoints.parquet'"),
        }
    )


def order_truths(folder: Path) -> pd.DataFrame:
    """What experiments on orders really did: orders caused per treated unit."""
    con = duckdb.connect()
    return con.execute(
        f"""
        select experiment_id, 'treatment' as variant, true_lift,
            lifted_order_count / treatment_count as caused_per_unit
        from '{folder}/truth_experiments.parquet'
        union all
        select experiment_id, variant, true_lift, caused_order_count / unit_count
        from '{folder}/truth_variants.parquet'
        where variant = 'treatment'
        order by experiment_id
        """
    ).df()
