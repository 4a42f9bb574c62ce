"""Wall time, processor time and peak memory of forecasts of 1,000 monthly series of 60 to 120
points, with their backtest, and how well they did on the six months held out.

    .venv/bin/python tests/bench/bench_forecasts.py
    .venv/bin/python tests/bench/bench_forecasts.py --series 200 --workers 2

Series are drawn from six processes (trend and season, random walk, level shift, heavy tails,
counts, drifting trend), the same on every run.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd
from bench import Measurement

from retail_analytics.statistics.forecasting import forecast
from retail_analytics.statistics.forecasting.models import RICHER

HORIZON = 6
SEASON_LENGTH = 12
SEASON = 10 * np.sin(np.arange(SEASON_LENGTH) * np.pi / 6)


def simulated(seed: int) -> np.ndarray:
    """A monthly series of 60 to 120 points and the six months after it."""
    draw = np.random.default_rng(seed)
    size = int(draw.integers(60, 121)) + HORIZON
    time_index = np.arange(size)
    season = draw.choice([0, 0.5, 1.0]) * SEASON[time_index % SEASON_LENGTH]
    noise, steps = draw.normal(size=(2, size))
    level = 100 + 0.3 * draw.normal() * time_index
    shift = np.where(time_index > draw.integers(10, size), 15.0, 0.0)
    process = [
        level + season + 3 * noise,
        100 + np.cumsum(steps) + season + noise,
        level + shift + season + 2 * noise,
        100 + season + 3 * draw.standard_t(3, size=size),
        draw.poisson(np.exp(3 + 0.03 * season + 0.02 * np.cumsum(steps))),
        100 + np.cumsum(np.cumsum(0.05 * steps) + 0.3 * noise) + season,
    ][seed % 6]
    return np.maximum(process, 0.0)


def judged(truth: list[np.ndarray], forecasts: pd.DataFrame) -> dict[str, float]:
    """MASE and sMAPE of the forecasts and of the seasonal naive, coverage and interval score
    (Winkler 1972, in units of the mean seasonal change), on held-out ends."""
    scores: dict[str, list[float]] = {}
    for seed, rows in forecasts.groupby("entity"):
        past, future = np.split(truth[int(seed)], [-HORIZON])
        unit = np.abs(past[SEASON_LENGTH:] - past[:-SEASON_LENGTH]).mean()
        paths = {"": rows["value"].to_numpy(), "naive ": past[-SEASON_LENGTH:][:HORIZON]}
        inside = (rows["value_lower"] <= future) & (future <= rows["value_upper"])
        width = rows["value_upper"] - rows["value_lower"]
        outside = (rows["value_lower"] - future).clip(0) + (future - rows["value_upper"]).clip(0)
        found = {
            "coverage of the 80 % interval": inside.mean(),
            "interval score": (width + 2 / 0.2 * outside).mean() / unit,
        }
        for name, path in paths.items():
            errors = np.abs(path - future)
            size = np.abs(path) + np.abs(future)
            found[f"{name}MASE"] = errors.mean() / unit
            found[f"{name}sMAPE"] = np.mean(200 * errors / np.where(size > 0, size, 1))
        for name, score in found.items():
            scores.setdefault(name, []).append(float(score))
    return {name: float(np.mean(values)) for name, values in scores.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--combination", default="ets_ces_airline", choices=list(RICHER))
    options = parser.parse_args()
    truth = [simulated(seed) for seed in range(options.series)]
    frame = pd.concat(
        pd.DataFrame(
            {
                "metric": "sales",
                "entity": f"{seed:06d}",
                "period": pd.date_range("2010-01-01", periods=len(values) - HORIZON, freq="MS"),
                "value": values[:-HORIZON],
            }
        )
        for seed, values in enumerate(truth)
    )
    start, cpu = time.monotonic(), time.process_time()
    found = forecast(
        frame,
        scales={"sales": "count"},
        horizon=HORIZON,
        workers=options.workers,
        combination=options.combination,
    )
    wall, own_cpu = time.monotonic() - start, time.process_time() - cpu
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = max(children.ru_maxrss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024
    total_cpu = own_cpu + children.ru_utime + children.ru_stime
    name = f"{options.series:,} monthly series, {options.workers} workers"
    print(Measurement(name, wall, total_cpu, peak))
    for score, value in judged(truth, found.forecasts).items():
        print(f"{score:<44}{value:>9.3f}")


if __name__ == "__main__":
    main()
