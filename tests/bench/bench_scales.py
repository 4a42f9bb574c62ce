"""Which lengths of a step to watch hourly series by, chosen on simulated series.

.venv/bin/python tests/bench/bench_scales.py

Six series of ten weeks of an hourly mean, many times: no change, or one in every second week. Of
each set of steps the limit is the largest at which chance brings half an alert, or one, a week over
all six, in all worlds together; alerts within a day of each other are one.
The worlds differ in how heavy the tails of the noise are (Student's t), how long it persists
(autocorrelation of an hour) and how far weekdays lie apart.
"""

import warnings

import numpy as np
from scipy.signal import lfilter

from retail_analytics.statistics.watch import watch

SERIES, SHOPS, WEEKS = 6, 40, 10
ROWS, HOURS = SERIES * SHOPS, 168 * WEEKS
# freedom, autocorrelation, spread of weekdays
WORLDS = ((3, 0.5, 0.3), (4, 0.3, 0.6), (5, 0.7, 0.2), (8, 0.6, 0.5))
KINDS = ("spike", "drop", "level", "slope", "spread")
CHANGED_WEEKS = (1, 3, 5, 7, 9)
ALLOWED, SEEDS = (0.5, 1.0), (21, 22, 23)
# hours of a step, first hour, steps of a season, seasons before the first test
HOUR, QUARTER, HALF, DAY = (1, 0, 24, 4), (6, 0, 4, 4), (12, 0, 2, 4), (24, 0, 7, 4)
LATER_HALF, HALF_OF_WEEK, SOON = (12, 6, 2, 4), (12, 0, 14, 4), (24, 0, 7, 3)
SETS = {
    "hours": (HOUR,),
    "6": (QUARTER,),
    "12": (HALF,),
    "24": (DAY,),
    "hours, 24": (HOUR, DAY),
    "6, 24": (QUARTER, DAY),
    "6, 12 by weekday, 24": (QUARTER, HALF_OF_WEEK, DAY),
    "6, 12, 24": (QUARTER, HALF, DAY),
    "3, 6, 12, 24": ((3, 0, 8, 4), QUARTER, HALF, DAY),
    "6, 12, 24 after two weeks": (QUARTER, HALF, (24, 0, 7, 2)),
    "6, 12, 24 after three weeks": (QUARTER, HALF, SOON),
    "6, 12, 24 by half": (QUARTER, HALF, LATER_HALF, DAY, (24, 12, 7, 4)),
    "6, 12, 24 by half, after three weeks": (QUARTER, HALF, LATER_HALF, SOON, (24, 12, 7, 3)),
    "6, 12, 24 by quarter, after three weeks": (
        *(QUARTER, (6, 3, 4, 4), HALF, LATER_HALF),
        *((24, first, 7, 3) for first in (0, 6, 12, 18)),
    ),
}


def usual(
    draw: np.random.Generator, freedom: int, persistence: float, weekdays: float
) -> np.ndarray:
    """Standard deviations of noise: each series (row) with its own day, week and slow level."""
    own = draw.standard_t(freedom, size=(ROWS, HOURS)) / np.sqrt(freedom / (freedom - 2))
    noise = lfilter([np.sqrt(1 - persistence**2)], [1, -persistence], own, axis=1)
    hour = np.arange(HOURS)
    turn = 2 * np.pi * (hour - draw.uniform(0, 24, (ROWS, 1))) / 24
    day = draw.uniform(0.3, 1.2, (ROWS, 1)) * (np.sin(turn) + 0.3 * np.sin(2 * turn))
    week = (weekdays * draw.normal(size=(ROWS, 7)))[:, hour // 24 % 7]
    slow = 0.05 * draw.normal(size=(ROWS, HOURS // 24)).cumsum(axis=1)
    return noise + day + week + slow[:, hour // 24]


def with_changes(draw: np.random.Generator, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A change in every second week, and its number in each hour until half a day after it, or
    -1."""
    changed, within = seen.copy(), np.full(seen.shape, -1)
    for number in range(len(CHANGED_WEEKS) * ROWS):
        row = number // len(CHANGED_WEEKS)
        begin = 168 * CHANGED_WEEKS[number % len(CHANGED_WEEKS)] + draw.integers(100)
        kind, side = draw.choice(KINDS), draw.choice([-1, 1])
        length = draw.integers(1, 7) if kind == "spike" else draw.integers(18, 60)
        if kind == "drop":
            length = draw.integers(1, 13)
        part = changed[row, begin : begin + length]
        if kind == "spike":
            part += draw.uniform(3, 8) * (3 / length) ** 0.3
        elif kind == "drop":
            part -= draw.uniform(2, 7) * (3 / length) ** 0.3
        elif kind == "level":
            part += side * draw.uniform(1, 3)
        elif kind == "slope":
            part += side * draw.uniform(2, 4) * np.arange(length) / length
        else:
            part += (draw.uniform(2, 4) - 1) * (part - part.mean())
        within[row, begin : begin + length + 12] = number
    return changed, within


def with_gaps(draw: np.random.Generator, seen: np.ndarray) -> np.ndarray:
    """Single hours are missing, and some of three series in ten in a row."""
    result = np.where(draw.random(seen.shape) < 0.03, np.nan, seen)
    for row in np.flatnonzero(draw.random(ROWS) < 0.3):
        begin = draw.integers(HOURS - 48)
        result[row, begin : begin + draw.integers(3, 40)] = np.nan
    return result


def p_values(seen: np.ndarray, steps: set[tuple]) -> dict[tuple, np.ndarray]:
    """Chance of each step per day; `seen` in standard deviations of .25 of the value."""
    values = np.exp(0.25 * seen)
    found = {}
    for length, first, season, warm in steps:
        moved = np.full(values.shape, np.nan)
        moved[:, : HOURS - first] = values[:, first:]
        parts = moved.reshape(ROWS, -1, length)
        is_known = 2 * np.isfinite(parts).sum(axis=2) >= length
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a step without an hour
            means = np.where(is_known, np.log(np.nanmean(parts, axis=2)), np.nan)
        chance = watch(means, season=season, warm_seasons=warm).p_value()
        found[length, first, season, warm] = chance * 24 / length
    return found


def alerts(found: dict[tuple, np.ndarray], steps: tuple[tuple, ...], limit: float) -> np.ndarray:
    """Series and last hour of each step whose chance lies below the limit."""
    parts = []
    for length, first, *season in steps:
        row, step = np.nonzero(found[length, first, *season] < limit)
        hour = (step + 1) * length - 1 + first
        parts.append(np.column_stack([row, hour])[hour < HOURS])
    return np.concatenate(parts)


def told_per_week(told: np.ndarray) -> float:
    """Alerts a week over all six, those within a day of each other as one."""
    group, hour = told[:, 0] // SERIES, told[:, 1]
    order = np.lexsort((hour, group))
    is_new = (np.diff(group[order]) != 0) | (np.diff(hour[order]) > 24)
    return (is_new.sum() + bool(len(told))) / (SHOPS * WEEKS)


def main() -> None:
    print("steps: mean share of changes found and limit per day, at half and at one")
    every = {step for steps in SETS.values() for step in steps}
    quiet, lively, numbers = [], [], []
    for seed in SEEDS:
        for number, world in enumerate(WORLDS):
            draw = np.random.default_rng([seed, number])
            quiet.append(p_values(with_gaps(draw, usual(draw, *world)), every))
            seen, within = with_changes(draw, usual(draw, *world))
            lively.append(p_values(with_gaps(draw, seen), every))
            numbers.append(within)
    for name, steps in SETS.items():
        line = f"{name:40}"
        for allowed in ALLOWED:
            low, high = 1e-6, 0.2
            for _ in range(20):
                middle = np.sqrt(low * high)
                told = [told_per_week(alerts(found, steps, middle)) for found in quiet]
                low, high = (low, middle) if np.mean(told) > allowed else (middle, high)
            shares = [
                len(set(within[tuple(alerts(found, steps, low).T)]) - {-1})
                / (len(CHANGED_WEEKS) * ROWS)
                for found, within in zip(lively, numbers, strict=True)
            ]
            line += f"  {np.mean(shares):.3f} {low:.5f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
