"""False alarms per series-year, falls found within six months and trends found where there is none,
on simulated months: the figures of docs/decisions.md.

    .venv/bin/python tests/bench/bench_alarms.py
    .venv/bin/python tests/bench/bench_alarms.py --series 100
"""

import argparse

import numpy as np
import pandas as pd

from retail_analytics.statistics.control_limits import control_limits
from retail_analytics.statistics.trend import trends

MONTHS = 48
FALL_AFTER = 36
RATE = 0.9
TAIL = 0.0075


def noise(draw: np.random.Generator, series: int, correlation: float) -> np.ndarray:
    """Series (series, month) of standard deviation 1."""
    values = draw.normal(size=(series, MONTHS))
    for place in range(1, MONTHS):
        fresh = np.sqrt(1 - correlation**2) * values[:, place]
        values[:, place] = correlation * values[:, place - 1] + fresh
    return values


def season(draw: np.random.Generator, series: int) -> np.ndarray:
    """A season of standard deviation 1 with its peak in any month."""
    peak = draw.integers(0, 12, size=(series, 1))
    return np.sqrt(2) * np.sin(np.pi / 6 * (np.arange(MONTHS) + peak))


def frame(values: np.ndarray, cases: int | None = None) -> pd.DataFrame:
    count = len(values)
    periods = pd.date_range("2015-01-01", periods=MONTHS, freq="MS")
    long = pd.DataFrame(
        {
            "metric": "m",
            "entity": np.repeat([f"{place:04}" for place in range(count)], MONTHS),
            "period": np.tile(periods, count),
            "value": values.ravel(),
        }
    )
    return long if cases is None else long.assign(weight=float(cases))


def below(values: np.ndarray, cases: int | None) -> np.ndarray:
    """Which months (series, month) lie below their limit."""
    scale = "real" if cases is None else "rate"
    found = control_limits(frame(values, cases), scales={"m": scale}, tail=TAIL)
    return found["is_below"].to_numpy().reshape(values.shape)


def rates(count: int) -> list[tuple[str, float, float, float | None]]:
    """By kind of series: false alarms a year, falls found, trends found where there is none."""
    draw = np.random.default_rng(0)
    kinds: dict[str, tuple[np.ndarray, int | None]] = {
        "white": (noise(draw, count, 0.0), None),
        "autocorrelation .5": (noise(draw, count, 0.5), None),
        "autocorrelation .8": (noise(draw, count, 0.8), None),
        "season": (season(draw, count) + noise(draw, count, 0.0), None),
        "season, .5": (season(draw, count) + noise(draw, count, 0.5), None),
    }
    for cases in (10, 500):
        drawn = draw.binomial(cases, RATE, size=(count, MONTHS)) / cases
        kinds[f"rates of {cases}"] = drawn, cases
    rows = []
    for name, (values, cases) in kinds.items():
        years = count * (MONTHS - 6) / 12
        alarms = below(values, cases).sum() / years
        fallen = values.copy()
        window = slice(FALL_AFTER, FALL_AFTER + 6)
        if cases is None:
            fallen[:, window] -= 3
        else:
            low = RATE - 3 * np.sqrt(RATE * (1 - RATE) / cases)
            fallen[:, window] = draw.binomial(cases, low, size=(count, 6)) / cases
        found = below(fallen, cases)[:, window].any(axis=1).mean()
        turns = trends(frame(values), periods=24)["direction"].ne("none").mean()
        rows.append((name, float(alarms), float(found), float(turns)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=300)
    options = parser.parse_args()
    print(f"{'':20}{'alarms a year':>15}{'falls found':>15}{'trends found':>15}")
    for name, alarms, found, turns in rates(options.series):
        print(f"{name:20}{alarms:>15.2f}{found:>15.2f}{turns:>15.3f}")


if __name__ == "__main__":
    main()
