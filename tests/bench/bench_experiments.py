"""How far the figures of experiments can be trusted, and what they cost.

    python tests/bench/bench_experiments.py            all four tables
    python tests/bench/bench_experiments.py null       one of null, coverage, reference, cost

null: two variants that are the same, 10,000 times: how often a difference is found by one look, by
twenty, and by twenty with sequential intervals. coverage: the sample retailer's experiments over 50
seeds. reference: the small experiment of the shared data beside gbstats, where that is installed.
cost: 5,000,000 units and 10 metrics, from units and outcomes to results.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))

from experiment_chain import compiled, order_truths, run, sample_shop, shop  # noqa: E402

from retail_analytics.experiments.moments import arm_moments  # noqa: E402
from retail_analytics.experiments.results import experiment_results  # noqa: E402
from retail_analytics.experiments.simulate import VALUES, false_alarms  # noqa: E402
from retail_analytics.sample import write_sample  # noqa: E402

UNITS = 5_000_000
COST_MODELS = (
    *("int_experiment_named_metrics", "int_experiment_metrics", "int_experiment_order_outcomes"),
    *("int_experiment_outcome_values", "int_experiment_measured_outcomes"),
    *("int_experiment_values", "int_experiment_scales", "int_experiment_sums"),
    *("int_experiment_unit_counts", "int_experiment_quantile_points"),
)
# no tables of their own: dbt writes them into the model that reads them
EPHEMERAL = {"int_experiment_named_metrics", "int_experiment_measured_outcomes"}


def null_table(experiments: int = 10_000) -> None:
    """Shares of experiments without effect that find one."""
    print(f"{experiments:,} experiments without effect, 20 looks, 3,000 units per variant")
    print(f"{'values':<24}{'one look':>10}{'peeking':>10}{'sequential':>12}")
    for seed, kind in enumerate(VALUES):
        found = false_alarms(
            kind, experiments=experiments, looks=20, units_per_look=150, seed=100 + seed
        )
        print(f"{kind:<24}{found.fixed:>10.4f}{found.peeking:>10.4f}{found.sequential:>12.4f}")


def coverage_table(seeds: int = 50, customers: int = 2_000) -> None:
    """Share of intervals of orders per customer that cover the truth, and decisions."""
    covered, decisions, kept = [], [], []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_sample(customers=customers, out=folder, seed=seed, file_format="parquet")
            tables, truths = run(sample_shop(folder)), order_truths(folder)
        for truth in truths.itertuples():
            for method in ("welch", "cuped", "sequential", "cuped_sequential"):
                row = tables.row(truth.experiment_id, "orders", method)
                is_in = row["difference_lower"] <= truth.caused_per_unit <= row["difference_upper"]
                covered.append((truth.experiment_id, method, is_in))
                kept.append(row["variance_kept"])
        decisions.append(tables.decisions.assign(seed=seed))
    frame = pd.DataFrame(covered, columns=["experiment", "method", "is_covered"])
    print(f"{seeds} seeds, {customers:,} customers: share of 95 % intervals that cover the truth")
    table = frame.pivot_table(index="experiment", columns="method", values="is_covered")
    table.loc["all"] = frame.groupby("method")["is_covered"].mean()
    print(table.round(3).to_string())
    print(f"largest variance kept by CUPED: {np.nanmax(kept):.4f}")
    counts = pd.concat(decisions).value_counts(["experiment_id", "variant", "decision"])
    print(counts.unstack(fill_value=0).to_string())


def reference_table() -> None:
    """The small experiment beside gbstats."""
    folder = ROOT.parent / "shared" / "data" / "experiment_small"
    try:
        from gbstats.frequentist.tests import (
            FrequentistConfig,
            SequentialConfig,
            SequentialTwoSidedTTest,
            TwoSidedTTest,
        )
        from gbstats.models.statistics import (
            RegressionAdjustedStatistic,
            SampleMeanStatistic,
            compute_theta,
        )
    except ModuleNotFoundError:
        print("gbstats is not installed: pip install --no-deps gbstats")
        return
    units = pd.read_csv(folder / "units.csv")
    start = pd.Timestamp("2024-03-01")
    base = units.assign(experiment_id="e", customer_id=units["unit"].astype(str), metric="post")
    outcomes = pd.concat(
        [
            base.assign(value=base["post"], observed_at=start + pd.Timedelta(days=1)),
            base.assign(value=base["pre"], observed_at=start - pd.Timedelta(days=1)),
        ]
    )
    ours = run(
        shop(
            {
                "stg_experiment_assignments": base[["experiment_id", "customer_id"]].assign(
                    variant=units["variant"].astype(str), assigned_at=start
                ),
                "stg_experiment_outcomes": outcomes[
                    ["experiment_id", "customer_id", "metric", "value", "observed_at"]
                ],
            }
        )
    )

    def mean(values: pd.Series) -> SampleMeanStatistic:
        return SampleMeanStatistic(n=len(values), sum=values.sum(), sum_squares=(values**2).sum())

    arms = [units[units["variant"] == v] for v in (0, 1)]
    plain = [mean(arm["post"]) for arm in arms]

    def with_theta(theta: float) -> list:
        return [
            RegressionAdjustedStatistic(
                n=len(arm),
                post_statistic=mean(arm["post"]),
                pre_statistic=mean(arm["pre"]),
                post_pre_sum_of_products=(arm["post"] * arm["pre"]).sum(),
                theta=theta,
            )
            for arm in arms
        ]

    cuped = with_theta(compute_theta(*with_theta(0.0)))
    print(f"{'method':<18}{'':<11}{'estimate':>14}{'lower':>14}{'upper':>14}{'p':>14}")
    for method, pair, test, config in (
        ("welch", plain, TwoSidedTTest, FrequentistConfig),
        ("cuped", cuped, TwoSidedTTest, FrequentistConfig),
        ("sequential", plain, SequentialTwoSidedTTest, SequentialConfig),
        ("cuped_sequential", cuped, SequentialTwoSidedTTest, SequentialConfig),
    ):
        theirs = test(*pair, config(difference_type="absolute")).compute_result()
        row = ours.row("e", "post", method)
        own = [row[n] for n in ("difference", "difference_lower", "difference_upper", "p_value")]
        for name, figures in (
            ("ours", own),
            ("gbstats", [theirs.expected, *theirs.ci, theirs.p_value]),
        ):
            print(f"{method:<18}{name:<11}" + "".join(f"{f:>14.9f}" for f in figures))


def cost_table(units: int = UNITS) -> None:
    """Seconds from units and outcomes to results: 4 metrics of orders and 6 measured ones."""
    con = shop({}).cursor()
    folder = tempfile.TemporaryDirectory()
    con.execute(f"set temp_directory = '{folder.name}'")
    con.execute("set threads = 2")
    con.execute("set preserve_insertion_order = false")
    con.execute("delete from experiment_metrics where source = 'orders' and kind = 'ratio'")
    con.execute(
        f"""
        create table experiment_units as
        select
            'e' as experiment_id, 'C' || range as customer_id,
            case when md5(range::varchar) < '8' then 'control' else 'treatment' end as variant,
            cast(null as varchar) as exclusion_reason,
            'region ' || (range % 5) as region,
            case when range % 3 = 0 then 'new' else 'has bought before' end as buyer_type,
            md5(range::varchar) < '8' as is_control, false as is_excluded,
            true as is_window_complete, 1::bigint as variant_count,
            timestamp '2024-03-01' + interval 1 minute * (range % 10000) as assigned_at,
            cast(null as timestamp) as first_exposed_at,
            timestamp '2024-05-01' as window_ends_at
        from range({units})
        """
    )
    # one order in three units, one before in four, and six values measured of each unit
    con.execute(
        f"""
        insert into orders
        select 'O' || range, 'C' || range, 'completed', true, (range % 977) / 7.0,
            date '2024-03-20', timestamp '2024-03-20'
        from range({units}) where range % 3 = 0
        union all
        select 'P' || range, 'C' || range, 'completed', true, (range % 577) / 7.0,
            date '2024-02-20', timestamp '2024-02-20'
        from range({units}) where range % 4 = 0
        """
    )
    con.execute(
        f"""
        insert into stg_experiment_outcomes
        select 'e', 'C' || units.range, 'm' || metrics.range,
            ((units.range * (7 + metrics.range)) % 1009) / 10.0,
            timestamp '2024-03-22', null
        from range({units}) as units cross join range(6) as metrics
        """
    )
    con.execute(
        "create table int_experiment_designs as select 'e' as experiment_id, "
        "'orders' as primary_metric"
    )
    con.execute(f"create table int_experiment_settings as {compiled('int_experiment_settings')}")
    variants = pd.DataFrame(
        {"experiment_id": "e", "variant": ["control", "treatment"], "is_control": [True, False]}
    )
    begun, worked = time.monotonic(), time.process_time()
    for name in COST_MODELS:
        start, start_work = time.monotonic(), time.process_time()
        kind = "view" if name in EPHEMERAL else "table"
        con.execute(f"create {kind} {name} as {compiled(name)}")
        print(
            f"  {name:<34}{time.monotonic() - start:>8.1f} s wall"
            f"{time.process_time() - start_work:>8.1f} s processor"
        )

    def frame(name: str) -> pd.DataFrame:
        return con.table(name).df()

    metrics = frame("int_experiment_metrics")
    results = experiment_results(
        arm_moments(
            frame("int_experiment_sums"),
            counts=frame("int_experiment_unit_counts"),
            metrics=metrics,
            scales=frame("int_experiment_scales"),
        ),
        points=frame("int_experiment_quantile_points"),
        metrics=metrics,
        variants=variants,
        settings=frame("int_experiment_settings").iloc[0].to_dict(),
        seed=42,
    )
    seconds, worked = time.monotonic() - begun, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert set(results.loc[results["method"] == "welch", "unit_count"]).pop() > 0.49 * units
    print(
        f"{units:,} units x {results['metric'].nunique()} metrics: {seconds:.1f} s, "
        f"{worked:.1f} s of processor, peak {peak:,.0f} MiB"
    )


TABLES = {
    "null": null_table,
    "coverage": coverage_table,
    "reference": reference_table,
    "cost": cost_table,
}


def main() -> None:
    for name in sys.argv[1:] or TABLES:
        print(f"\n{name}")
        TABLES[name]()


if __name__ == "__main__":
    main()
