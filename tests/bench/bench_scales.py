"""Which lengths of a step to watch hourly series by, chosen on simulated series.

.venv/bin/python tests/bench/bench_scales.py

Six series of ten weeks of an hourly mean, many times: no change, or three changes each of 1 to 48
hours, the shorter the larger. Of each set of lengths the limit is the largest at which chance
brings half an alert, or one, a week over all six; alerts within a day of each other are one, and
all of them are beyond a tenth.
The worlds differ in how heavy the tails of the noise are (Student's t) and how long it persists
(autocorrelation of an hour).
"""

import numpy as np
from scipy.signal import lfilter

from retail_analytics.statistics.watch import watch

SERIES, SHOPS, WEEKS = 6, 60, 10
HOURS = 168 * WEEKS
# hours of a step: steps of a season
SEASONS = {1: 24, 3: 8, 6: 4, 12: 14, 24: 7}
SETS = ((1,), (6,), (12,), (24,), (1, 24), (6, 24), (12, 24), (6, 12, 24), tuple(SEASONS))
WORLDS = ((3, 0.5), (4, 0.3), (5, 0.7))
ALLOWED, SEED = (0.5, 1.0), 21


def noise(draw: np.random.Generator, freedom: int, persistence: float) -> np.ndarray:
    """Standard deviations of each series (row) and hour from the usual."""
    own = draw.standard_t(freedom, size=(SERIES * SHOPS, HOURS)) / np.sqrt(freedom / (freedom - 2))
    return lfilter([np.sqrt(1 - persistence**2)], [1, -persistence], own, axis=1)


def p_values(seen: np.ndarray) -> dict[int, np.ndarray]:
    """Chance of each step per day, by hours of a step; `seen` in standard deviations of .25."""
    hour = np.arange(HOURS)
    usual = 0.8 * np.sin(2 * np.pi * hour / 24) + 0.3 * np.sin(2 * np.pi * hour / 168)
    values = np.exp(0.25 * (seen + usual))
    found = {}
    for length, season in SEASONS.items():
        means = np.log(values.reshape(len(values), -1, length).mean(axis=2))
        found[length] = watch(means, season=season).p_value() * 24 / length
    return found


def with_changes(draw: np.random.Generator, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Three changes per series, and the number of the change within a day of each hour, or -1."""
    changed, within = seen.copy(), np.full(seen.shape, -1)
    for number in range(3 * len(seen)):
        row, begin = number // 3, (3, 6, 8)[number % 3] * 168 + draw.integers(100)
        length = int(np.exp(draw.uniform(0, np.log(48))))
        changed[row, begin : begin + length] += (
            draw.uniform(2, 8) * draw.choice([-1, 1]) / length**0.3
        )
        within[row, begin - 24 : begin + length + 24] = number
    return changed, within


def alerts(found: dict[int, np.ndarray], lengths: tuple[int, ...], limit: float) -> np.ndarray:
    """Series and last hour of each step whose chance lies below the limit."""
    parts = []
    for length in lengths:
        row, step = np.nonzero(found[length] < limit)
        parts.append(np.column_stack([row, (step + 1) * length - 1]))
    return np.concatenate(parts)


def told_per_week(told: np.ndarray) -> float:
    """Alerts a week over all six, those within a day of each other as one."""
    group, hour = told[:, 0] // SERIES, told[:, 1]
    order = np.lexsort((hour, group))
    is_new = (np.diff(group[order]) != 0) | (np.diff(hour[order]) > 24)
    return (is_new.sum() + bool(len(told))) / (SHOPS * WEEKS)


def main() -> None:
    print("world, hours of a step: share of changes found and limit per day, at half and at one")
    recall = {(lengths, allowed): [] for lengths in SETS for allowed in ALLOWED}
    for freedom, persistence in WORLDS:
        draw = np.random.default_rng(SEED)
        quiet = p_values(noise(draw, freedom, persistence))
        seen, within = with_changes(draw, noise(draw, freedom, persistence))
        lively = p_values(seen)
        for lengths in SETS:
            line = f"t{freedom} {persistence} {lengths!s:20}"
            for allowed in ALLOWED:
                low, high = 1e-6, 0.1
                for _ in range(20):
                    middle = np.sqrt(low * high)
                    is_over = told_per_week(alerts(quiet, lengths, middle)) > allowed
                    low, high = (low, middle) if is_over else (middle, high)
                told = alerts(lively, lengths, low)
                share = len(set(within[tuple(told.T)]) - {-1}) / (3 * len(seen))
                recall[lengths, allowed].append((share, low))
                line += f"  {share:.3f} {low:.5f}"
            print(line, flush=True)
    print("mean share, median limit")
    for (lengths, allowed), found in recall.items():
        share, limit = np.transpose(found)
        print(f"{lengths!s:20} {allowed} {share.mean():.3f} {np.median(limit):.5f}")


if __name__ == "__main__":
    main()
