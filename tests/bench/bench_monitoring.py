"""Seconds and peak memory of the watch over daily metrics: readings, levels, trends and drift.

.venv/bin/python tests/bench/bench_monitoring.py                 200 series, three years
.venv/bin/python tests/bench/bench_monitoring.py --series 2000   200 metrics x 10 slices
"""

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from retail_analytics.monitoring.anomalies import metric_readings
from retail_analytics.monitoring.changes import change_points, metric_trends
from retail_analytics.monitoring.drift import feature_drift

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "seeds" / "rules" / "monitoring"
DAYS, WEEKS, BINS, FEATURES = 1_096, 65, 10, 200
WEEK = np.array([1, 1, 1, 1.1, 1.2, 1.4, 0.6])


def daily(count: int, rules: pd.DataFrame) -> pd.DataFrame:
    """Series of all metrics in turn, of 4 to 400 cases a day, with weekday and season."""
    draw = np.random.default_rng(3)
    days = pd.date_range("2022-01-01", periods=DAYS, freq="D")
    level = np.geomspace(4, 400, count)[:, None]
    shape = WEEK[np.arange(DAYS) % 7] * (1 + 0.3 * np.sin(np.arange(DAYS) * 2 * np.pi / 365.25))
    cases = draw.poisson(level * shape).astype(float)
    kind = rules["kind"].to_numpy()[np.arange(count) % len(rules)]
    share = draw.binomial(cases.astype(int), 0.3).astype(float)
    amount = cases * draw.gamma(20, 2, cases.shape)
    numerator = np.where(
        (kind == "rate")[:, None], share, np.where((kind == "count")[:, None], cases, amount)
    )
    metric = rules["metric"].to_numpy()[np.arange(count) % len(rules)]
    return pd.DataFrame(
        {
            "metric": np.repeat(metric, DAYS),
            "dimension": "slice",
            "entity": np.repeat([f"e{number:05}" for number in range(count)], DAYS),
            "numerator": numerator.ravel(),
            "denominator": np.where((kind == "count")[:, None], np.nan, cases).ravel(),
            "day": np.tile(days, count),
        }
    )


def monthly(frame: pd.DataFrame) -> pd.DataFrame:
    """Sums of whole months, as `metric_trends` reads them."""
    period = frame["day"].dt.to_period("M").dt.to_timestamp()
    sums = frame.groupby(["metric", "dimension", "entity", period.rename("period")])["numerator"]
    return sums.sum().reset_index(name="value").assign(unit="orders", is_higher_better=True)


def binned() -> pd.DataFrame:
    """Counts of features by week and bin."""
    draw = np.random.default_rng(4)
    weeks = pd.date_range("2023-10-02", periods=WEEKS, freq="7D")
    index = pd.MultiIndex.from_product(
        [[f"f{number}" for number in range(FEATURES)], weeks, [str(bin) for bin in range(BINS)]],
        names=["feature", "week", "bin"],
    )
    counts = draw.poisson(50, len(index))
    return pd.DataFrame({"case_count": counts, "lowest": np.nan}, index=index).reset_index()


def measured(name: str, function: Callable, *arguments: object, **options: object) -> float:
    wall, cpu = time.monotonic(), time.process_time()
    rows = len(function(*arguments, **options))
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<16}{rows:>10,} rows{wall:>9.1f} s wall{cpu:>9.1f} s cpu{peak:>8.0f} MiB")
    return cpu


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=200)
    count = parser.parse_args().series
    rules = pd.read_csv(RULES / "daily_metrics.csv")
    settings = pd.read_csv(RULES / "monitoring_settings.csv").set_index("setting")["value"]
    frame = daily(count, rules)
    print(f"{count:,} series, {len(frame):,} days")
    total = measured("readings", metric_readings, frame, rules, settings.to_dict())
    total += measured("levels", change_points, frame, rules, settings.to_dict())
    total += measured(
        "trends",
        metric_trends,
        monthly(frame),
        settings=settings.to_dict(),
        as_of_date=frame["day"].max().date(),
    )
    total += measured("feature drift", feature_drift, binned(), settings=settings.to_dict())
    print(f"{total:.1f} s of one core")


if __name__ == "__main__":
    main()
