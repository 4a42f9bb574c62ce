"""Coverage, published coverage, interval score and MASE of forecasts of simulated and public
monthly series, by months of history: the figures of docs/decisions.md.

    .venv/bin/python tests/bench/bench_intervals.py
    .venv/bin/python tests/bench/bench_intervals.py --series 40 --months 18 24
    .venv/bin/python tests/bench/bench_intervals.py --long trade tourism public

Short histories are of eight processes, a third without a season; long ones are trade (18 ahead),
visitors with a strong season that changes slowly (24 ahead), seasonal ARIMA models (18 ahead), and
the series that statsmodels ships.
"""

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd
import statsmodels.api as sm

from retail_analytics.statistics.forecasting import forecast

MONTHS = (8, 9, 10, 11, 12, 13, 15, 18, 21, 24, 28, 32, 36)
HORIZON = 6
LEVEL = 0.8
Draw = np.random.Generator


def noise(draw: Draw, size: int, correlation: float = 0.0) -> np.ndarray:
    """Noise of standard deviation 1 with this autocorrelation from month to month."""
    fresh = draw.normal(size=size)
    for place in range(1, size):
        fresh[place] *= np.sqrt(1 - correlation**2)
        fresh[place] += correlation * fresh[place - 1]
    return fresh


def short(seed: int, months: int) -> np.ndarray:
    """`months` and the six after them of one of eight processes with a season of up to .4."""
    draw = np.random.default_rng((seed, months))
    size = months + HORIZON
    time = np.arange(size)
    wave = np.sin(np.pi / 6 * (time + draw.integers(12))) + 0.4 * draw.normal(size=12)[time % 12]
    season = draw.choice([0.0, 0.1, 0.25]) * wave
    steps = draw.normal(size=size)
    logs = [
        lambda: draw.normal(0, 0.02) * time + 0.12 * noise(draw, size),
        lambda: 0.1 * np.cumsum(steps),
        lambda: draw.normal(0, 0.4) * (time > draw.integers(size)) + 0.1 * noise(draw, size),
        lambda: 0.1 * draw.standard_t(3, size),
        lambda: 0.05 * np.cumsum(steps),
        lambda: np.cumsum(0.02 * np.cumsum(steps) + 0.05 * draw.normal(size=size)),
        lambda: 0.2 * noise(draw, size, 0.7),
        lambda: np.cumsum(0.3 * steps * (draw.random(size) < 0.08)) + 0.08 * noise(draw, size),
    ]
    level = np.exp(logs[seed % 8]() + season)
    if seed % 8 == 4:
        return draw.poisson(draw.choice([3.0, 12.0, 40.0]) * level).astype(float)
    return 1000 * level


def trade(seed: int) -> np.ndarray:
    """48 to 126 months of business and industry and 18 more: level, slope and season wander."""
    draw = np.random.default_rng((1, seed))
    size = int(draw.integers(48, 127)) + 18
    time = np.arange(size)
    slope = draw.normal(0, 0.004) + np.cumsum(draw.choice([0, 0.0005]) * draw.normal(size=size))
    level = np.cumsum(slope + draw.choice([0.01, 0.03, 0.06]) * draw.normal(size=size))
    season = draw.choice([0.0, 0.05, 0.15]) * draw.normal(size=12)[time % 12]
    own = draw.choice([0.02, 0.06]) * noise(draw, size, draw.choice([0.0, 0.3]))
    shift = draw.normal(0, 0.15) * (time > draw.integers(size))
    return 5000 * np.exp(level + season + own + shift)


def tourism(seed: int) -> np.ndarray:
    """90 to 330 months of visitors and 24 more: a strong season whose peaks change slowly, growth
    that slows down, noise that was larger when there were few, and a month of strikes at times."""
    draw = np.random.default_rng((2, seed))
    size = int(draw.integers(90, 331)) + 24
    time = np.arange(size)
    season = draw.uniform(0.2, 0.6) * np.sin(np.pi / 6 * (time + draw.integers(12)))
    season = season + draw.uniform(0.05, 0.2) * draw.normal(size=12)[time % 12]
    changes = np.cumsum(draw.choice([0.0, 0.01, 0.02]) * draw.normal(size=(size // 12 + 1, 12)), 0)
    season = season + changes[time // 12, time % 12]
    growth = draw.uniform(0, 1.5) * (1 - np.exp(-time / draw.uniform(60, 240)))
    level = growth + np.cumsum(draw.choice([0.005, 0.015, 0.03]) * draw.normal(size=size))
    spread = draw.choice([0.03, 0.08, 0.15]) * (1 + draw.uniform(0, 2) * np.exp(-time / 60))
    strikes = -draw.exponential(0.3, size) * (draw.random(size) < 0.01)
    return 3000 * np.exp(season + level + spread * noise(draw, size, 0.2) + strikes)


def arima(seed: int) -> np.ndarray:
    """60 to 140 months and 18 more of a seasonal ARIMA model of the logarithms with random
    coefficients, differenced once and by the year, or once, or not at all."""
    draw = np.random.default_rng((3, seed))
    size, warm = int(draw.integers(60, 141)) + 18, 60
    moving, yearly = -draw.uniform(0.2, 0.8), -draw.uniform(0.3, 0.8)
    differences = [(1, 1), (0, 1), (1, 0)][seed % 3]
    own, of_year = draw.uniform(-0.3, 0.8), draw.uniform(0, 0.8)
    fresh = draw.normal(0, draw.choice([0.02, 0.05, 0.1]), size + warm)
    values = np.zeros(size + warm)
    for time in range(13, size + warm):
        values[time] = fresh[time] + moving * fresh[time - 1] + yearly * fresh[time - 12]
        if not differences[0]:
            values[time] += own * values[time - 1]
        if not differences[1]:
            values[time] += of_year * values[time - 12]
    if differences[1]:
        values[:12] = 0.2 * draw.normal(size=12)
        for time in range(12, size + warm):
            values[time] += values[time - 12]
    if differences[0]:
        values = np.cumsum(values - values.mean() * (differences[1] == 1))
    return 2000 * np.exp(np.clip(values[warm:] - values[warm:].mean(), -4, 4))


def near_nothing(seed: int) -> np.ndarray:
    """24 to 108 months of money, and six more, of a business that at times sells next to nothing:
    one that began slowly, one of few large orders, one that ends, one closed for a month or two,
    and a count of tens."""
    draw = np.random.default_rng((4, seed))
    size = int(draw.integers(24, 109)) + HORIZON
    time = np.arange(size)
    season = draw.choice([0.0, 0.15]) * draw.normal(size=12)[time % 12]
    wild = draw.choice([0.2, 0.5, 0.9]) * noise(draw, size, draw.choice([0.0, 0.4]))
    level = np.exp(season + wild)
    kind = seed % 5
    if kind == 0:
        level *= np.exp(-6 * np.exp(-time / draw.uniform(3, 12)))
        level[: draw.integers(0, 8)] = 0
    elif kind == 1:
        level *= draw.random(size) < draw.uniform(0.5, 0.95)
    elif kind == 2:
        level *= np.exp(-np.maximum(time - (size - draw.integers(2, 12)), 0) * draw.uniform(0.1, 1))
    elif kind == 3:
        level[draw.integers(0, size - HORIZON, draw.integers(1, 3))] *= draw.choice([0.0, 0.01])
    else:
        level = draw.poisson(40 * level * (draw.random(size) < 0.9)) / 1e6
    return np.round(1e6 * level)


def public() -> list[np.ndarray]:
    """Windows of the monthly series that statsmodels ships, 18 months ahead of each."""
    sets = sm.datasets
    co2 = sets.co2.load_pandas().data["co2"].resample("MS").mean().interpolate().to_numpy()
    nino = sets.elnino.load_pandas().data.set_index("YEAR").to_numpy().ravel()
    found = []
    for values in (co2, nino[np.isfinite(nino)]):
        for size in (60, 90, 120):
            for end in np.linspace(size + 18, len(values), 5).astype(int):
                found.append(values[end - size - 18 : end].astype(float))
    return found


def judged(series: list[np.ndarray], horizon: int, **options) -> dict[str, float]:
    """How the forecasts of the last `horizon` months of each did."""
    frame = pd.concat(
        pd.DataFrame(
            {
                "metric": "sales",
                "entity": f"{place:05}",
                "period": pd.date_range("1960-01-01", periods=len(values) - horizon, freq="MS"),
                "value": values[:-horizon],
            }
        )
        for place, values in enumerate(series)
    )
    found = forecast(frame, scales={"sales": "count"}, horizon=horizon, **options)
    rows = found.forecasts.merge(found.backtest[["entity", "horizon", "coverage"]])
    scores = []
    for name, own in rows.groupby("entity"):
        values = series[int(name)]
        past, future = values[:-horizon], values[-horizon:]
        lag = 12 if len(past) > 14 else 1
        unit = max(np.abs(past[lag:] - past[:-lag]).mean(), 1e-9)
        lower, upper = own["value_lower"].to_numpy(), own["value_upper"].to_numpy()
        outside = np.maximum(lower - future, 0) + np.maximum(future - upper, 0)
        inside = outside <= 1e-9
        low, high = past.min(), past.max()
        reach = max(high - upper.min(), upper.max() - high, low - lower.min(), lower.max() - low)
        scores.append(
            {
                "coverage": inside.mean(),
                "published": own["coverage"].mean(),
                "first": inside[0],
                "last": inside[-1],
                "score": min((upper - lower + 10 * outside).mean() / unit, 50),
                "width": min((upper - lower).mean() / unit, 50),
                "mase": min(np.abs(own["value"].to_numpy() - future).mean() / unit, 20),
                "beyond": reach > 5 * max(high - low, 1),
            }
        )
    return pd.DataFrame(scores).mean().to_dict()


LONG: dict[str, tuple[Callable[[int], np.ndarray], int]] = {
    "trade": (trade, 18),
    "tourism": (tourism, 24),
    "arima": (arima, 18),
    "near nothing": (near_nothing, HORIZON),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=160)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--months", type=int, nargs="*", default=MONTHS)
    parser.add_argument("--long", nargs="*", default=[*LONG, "public"])
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.series)
    table = {
        f"{months} months": judged([short(seed, months) for seed in seeds], HORIZON)
        for months in options.months
    }
    for name in options.long:
        if name == "public":
            table[name] = judged(public(), 18)
        else:
            make, horizon = LONG[name]
            table[name] = judged([make(seed) for seed in seeds], horizon)
    print(pd.DataFrame(table).T.round(3).to_string())


if __name__ == "__main__":
    main()
