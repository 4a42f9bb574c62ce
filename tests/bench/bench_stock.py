"""Loss, level and service of reorder points on simulated demand whose distribution is known: the
figures of docs/decisions.md.

    .venv/bin/python tests/bench/bench_stock.py
    .venv/bin/python tests/bench/bench_stock.py --articles 300 --cases weekly "parts, lead 2"

Demand is that of weeks or of periods of four weeks, booked on one day of each; levels are asked for
on three days, and held against what came by the mean pinball loss at the target. Beside them who
knows the distribution, and moments of the history with a negative binomial.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from retail_analytics.inventory import InventorySettings, inventory_chunk
from retail_analytics.inventory.backtest import pinball
from retail_analytics.inventory.lead_time_demand import negative_binomial_quantile

TARGET = 0.95
AS_OF = date(2024, 12, 31)
Draw = np.random.Generator


@dataclass(frozen=True)
class Case:
    """draw: (random, articles, periods, futures) -> history (articles, periods) and what may come
    (futures, articles, periods ahead). Days of one period, 0 for
    calendar months; review and lead time in periods."""

    draw: Callable[[Draw, int, int, int], tuple[np.ndarray, np.ndarray]]
    days: int = 7
    periods: int = 128
    lead: int = 0
    review: int = 1


Pace = Callable[[np.ndarray], np.ndarray]


def negative_binomial(
    level: tuple[float, float],
    shape: float,
    *,
    wander: float = 0.0,
    trend: float = 0.0,
    pace: Pace = np.ones_like,
) -> Callable:
    """Weeks around a level per article (gamma of shape and scale `level`); `pace` is a factor by
    periods after today, those of the history below 0."""

    def draw(random: Draw, articles: int, periods: int, futures: int) -> tuple:
        mean = random.gamma(*level, articles)[:, None] * np.ones(periods + AHEAD)
        steps = random.normal(size=mean.shape) * wander
        steps[:, periods:] = 0
        mean = mean * np.exp(np.cumsum(steps, axis=1) + trend * np.arange(periods + AHEAD))
        mean = np.maximum(mean * pace(np.arange(periods + AHEAD) - float(periods)), 1e-9)
        chance = shape / (shape + mean)
        history = random.negative_binomial(shape, chance[:, :periods])
        ahead = random.negative_binomial(shape, chance[None, :, periods:].repeat(futures, 0))
        return history.astype(float), ahead.astype(float)

    return draw


def parts(*, chance: tuple[float, float], size: float, trend: float = 0.0) -> Callable:
    """A demand in a beta-distributed share of the periods, of 1 + Poisson(`size`) units."""

    def draw(random: Draw, articles: int, periods: int, futures: int) -> tuple:
        share = random.beta(*chance, articles)[:, None] * np.exp(trend * np.arange(periods + AHEAD))
        mean = random.gamma(2.0, size / 2, articles)[:, None]

        def some(share: np.ndarray) -> np.ndarray:
            sizes = 1 + random.poisson(np.broadcast_to(mean, share.shape))
            return np.where(random.random(share.shape) < share, sizes, 0).astype(float)

        return some(share[:, :periods]), some(share[None, :, periods:].repeat(futures, 0))

    return draw


def with_bulk(draw: Callable, *, chance: float, times: float) -> Callable:
    """One demand in 1 / `chance` is a bulk order, `times` as large as usual."""

    def bulky(random: Draw, articles: int, periods: int, futures: int) -> tuple:
        return tuple(
            np.where(random.random(units.shape) < chance, np.rint(units * times), units)
            for units in draw(random, articles, periods, futures)
        )

    return bulky


def uneven(*, chance: tuple[float, float], deviation: float, mean: float = 10.0) -> Callable:
    """A demand on a beta-distributed share of the days, of lognormal units."""

    def draw(random: Draw, articles: int, periods: int, futures: int) -> tuple:
        share = random.beta(*chance, articles)[:, None]

        def some(shape: tuple[int, ...]) -> np.ndarray:
            sizes = np.ceil(mean * random.lognormal(0.0, deviation, shape))
            return np.where(random.random(shape) < share, sizes, 0.0)

        return some((articles, periods)), some((futures, articles, AHEAD))

    return draw


AHEAD, FUTURES = 21, 1000
CASES = {
    "weekly": Case(negative_binomial((2.0, 4.0), 3.0)),
    "weekly, few": Case(negative_binomial((2.0, 1.0), 1.0)),
    "weekly, nearly Poisson": Case(negative_binomial((2.0, 4.0), 60.0)),
    "weekly, wandering": Case(negative_binomial((2.0, 4.0), 3.0, wander=0.05)),
    "weekly, falling": Case(negative_binomial((2.0, 4.0), 3.0, trend=-0.015)),
    "weekly, rising": Case(negative_binomial((2.0, 4.0), 3.0, trend=0.01)),
    "weekly, falling for 20 weeks": Case(
        negative_binomial((2.0, 4.0), 3.0, pace=lambda t: np.exp(-0.03 * np.maximum(t + 20, 0)))
    ),
    "weekly, fell until 30 weeks ago": Case(
        negative_binomial(
            (2.0, 8.0), 3.0, pace=lambda t: np.exp(0.015 * np.maximum(-30 - t, 0)) / 4
        )
    ),
    "weekly, less by 60 % for 20 weeks": Case(
        negative_binomial((2.0, 4.0), 3.0, pace=lambda t: np.where(t < -20, 1, 0.4))
    ),
    "weekly, twice as much for 20 weeks": Case(
        negative_binomial((2.0, 4.0), 3.0, pace=lambda t: np.where(t < -20, 1, 2.0))
    ),
    "weekly, dead for 12 weeks": Case(
        negative_binomial((2.0, 4.0), 3.0, pace=lambda t: np.where(t < -12, 1, 0.0))
    ),
    "weekly, season falling": Case(
        negative_binomial((2.0, 4.0), 3.0, pace=lambda t: 1 - 0.4 * np.sin(2 * np.pi * t / 52))
    ),
    "weekly, season rising": Case(
        negative_binomial((2.0, 4.0), 3.0, pace=lambda t: 1 + 0.4 * np.sin(2 * np.pi * t / 52))
    ),
    "weekly, lead 2": Case(negative_binomial((2.0, 4.0), 3.0), lead=2),
    "days at random, lead 14": Case(
        parts(chance=(1.0, 8.0), size=1.0), days=1, periods=700, lead=14, review=7
    ),
    "every day, lead 14": Case(
        negative_binomial((2.0, 1.0), 2.0), days=1, periods=700, lead=14, review=7
    ),
    "every day, falling, lead 14": Case(
        negative_binomial((2.0, 2.0), 2.0, trend=-0.002), days=1, periods=700, lead=14, review=7
    ),
    "every day, rising, lead 14": Case(
        negative_binomial((2.0, 0.5), 2.0, trend=0.0015), days=1, periods=700, lead=14, review=7
    ),
    "days at random, falling, lead 14": Case(
        parts(chance=(2.0, 4.0), size=1.0, trend=-0.002), days=1, periods=700, lead=14, review=7
    ),
    "parts, lead 0": Case(parts(chance=(1.0, 3.0), size=0.6), days=28, periods=48),
    "parts, lead 2": Case(parts(chance=(1.0, 3.0), size=0.6), days=28, periods=48, lead=2),
    "parts, rare, lead 2": Case(parts(chance=(1.0, 8.0), size=1.0), days=28, periods=48, lead=2),
    "parts, large, lead 2": Case(parts(chance=(2.0, 4.0), size=3.0), days=28, periods=48, lead=2),
    "parts, falling, lead 2": Case(
        parts(chance=(2.0, 4.0), size=0.6, trend=-0.03), days=28, periods=48, lead=2
    ),
    "packs, lead 14": Case(
        parts(chance=(2.0, 8.0), size=5.0), days=1, periods=700, lead=14, review=7
    ),
    "packs, falling, lead 14": Case(
        parts(chance=(2.0, 8.0), size=5.0, trend=-0.002), days=1, periods=700, lead=14, review=7
    ),
    "packs, rising, lead 14": Case(
        parts(chance=(1.0, 12.0), size=5.0, trend=0.001), days=1, periods=700, lead=14, review=7
    ),
    "bulk, days at random, lead 14": Case(
        with_bulk(parts(chance=(1.0, 8.0), size=1.0), chance=0.003, times=100.0),
        **{"days": 1, "periods": 700, "lead": 14, "review": 7},
    ),
    "bulk, rare days, lead 14": Case(
        with_bulk(parts(chance=(1.0, 40.0), size=3.0), chance=0.01, times=100.0),
        **{"days": 1, "periods": 700, "lead": 14, "review": 7},
    ),
    "bulk, every day, lead 14": Case(
        with_bulk(negative_binomial((2.0, 1.0), 2.0), chance=0.001, times=100.0),
        **{"days": 1, "periods": 700, "lead": 14, "review": 7},
    ),
    "bulk, weekly": Case(with_bulk(negative_binomial((2.0, 4.0), 3.0), chance=0.003, times=50.0)),
    "uneven sizes, lead 14": Case(
        uneven(chance=(1.0, 8.0), deviation=1.0),
        **{"days": 1, "periods": 700, "lead": 14, "review": 7},
    ),
    "very uneven sizes, lead 14": Case(
        uneven(chance=(1.0, 8.0), deviation=1.6),
        **{"days": 1, "periods": 700, "lead": 14, "review": 7},
    ),
    "parts of months, lead 2": Case(parts(chance=(1.0, 3.0), size=0.6), days=0, periods=48, lead=2),
}


def booked(history: np.ndarray, days: int) -> np.ndarray:
    """Demand per day: on the last of each period, or of each calendar month where `days` is 0."""
    if days:
        demand = np.zeros((len(history), days * history.shape[1]))
        demand[:, days - 1 :: days] = history
        return demand
    ends = pd.date_range(end=AS_OF, periods=history.shape[1], freq="ME")
    begin = ends[0].replace(day=1)
    demand = np.zeros((len(history), (pd.Timestamp(AS_OF) - begin).days + 1))
    demand[:, (ends - begin).days] = history
    return demand


def judged(case: Case, *, articles: int, seed: int) -> dict[str, float]:
    random = np.random.default_rng(seed)
    history, ahead = case.draw(random, articles, case.periods, FUTURES)
    interval = case.review + case.lead
    futures = ahead[:, :, :interval].sum(axis=2)
    kept = history.sum(axis=1) > 0
    settings = InventorySettings(
        service_target=TARGET,
        review_period_days=case.review * (case.days or 30),
        lead_time_days=float(case.lead * (case.days or 30.4375)),
        lead_time_sd_share=0.0,
        holding_cost_rate=0.25,
        order_cost=0.0,
        salvage_rate=0.9,
        cover_weeks=4.0,
    )
    frame = pd.DataFrame({"product_id": [f"p{number:04}" for number in range(articles)]})
    frame["abc_class"] = "A"
    found = inventory_chunk(
        booked(history, case.days), frame, as_of_date=AS_OF, settings=settings, seed=1
    )
    mean, variance = history.mean(axis=1), history.var(axis=1, ddof=1)
    levels = {
        "": found.levels["reorder_point_units"].to_numpy(dtype=float),
        "known ": np.quantile(futures, TARGET, axis=0),
        "moments ": negative_binomial_quantile(
            np.full(articles, TARGET), mean=mean * interval, variance=variance * interval
        ),
    }
    result = {}
    for name, level in levels.items():
        level = np.nan_to_num(level)
        # against all that may come, not the one thing that did
        loss = np.mean(
            [pinball(one, level, service=np.full(articles, TARGET))[kept].mean() for one in futures]
        )
        result |= {
            f"{name}loss": loss,
            f"{name}level": level[kept].mean(),
            f"{name}service": (futures <= level)[:, kept].mean(),
        }
    result["stopped"] = found.levels["method"].eq("stopped").mean()
    for kind in ("bootstrap", "negative_binomial", "normal"):
        result[kind] = found.levels["distribution"].eq(kind).mean()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    options = parser.parse_args()
    table = {
        name: pd.DataFrame(
            [judged(CASES[name], articles=options.articles, seed=s) for s in range(options.seeds)]
        ).mean()
        for name in options.cases
    }
    print(pd.DataFrame(table).T.round(3).to_string())


if __name__ == "__main__":
    main()
