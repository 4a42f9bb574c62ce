"""How long a new ticket will wait for its first reply: half of them at most, nine of ten at most.

On the logarithm of minutes: a level that follows the weeks, on top of it quantiles of each weekday
and three-hour block by priority, shrunk towards block plus priority where tickets are few. What a
quantile missed in the newest weeks, forecast from those before, is added (split conformal, by weeks
ahead). Where that is no better than one quantile per priority, the constant serves.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

BLOCKS = 56
QUANTILES = (0.5, 0.9)
COLUMNS = {
    "priority": "object",
    "iso_weekday": "int64",
    "block_starts_hour": "int64",
    "weeks_ahead": "int64",
    "ticket_count": "int64",
    "p50_minutes": "float64",
    "p50_minutes_lower": "float64",
    "p50_minutes_upper": "float64",
    "p90_minutes": "float64",
    "share_below_p50": "float64",
    "share_below_p90": "float64",
    "pinball_loss": "float64",
    "constant_pinball_loss": "float64",
    "method": "object",
    "status": "object",
}
# tickets by which the spread of a block is shrunk towards that of all
PRIOR = 25.0
TEST_WEEKS = 8
CONSTANTS = (0.05, 0.15, 0.3, 0.5)
BLOCK_METHOD = "block and priority on the log scale, level by smoothing, conformal"
CONSTANT_METHOD = "constant by priority, conformal"


@dataclass(frozen=True)
class Tickets:
    """Replied tickets: week (0 the oldest), block 0 to 55, priority code, log minutes."""

    week: np.ndarray
    block: np.ndarray
    priority: np.ndarray
    value: np.ndarray
    priorities: int

    def before(self, week: int) -> "Tickets":
        """Those of earlier weeks."""
        kept = self.week < week
        return Tickets(
            self.week[kept],
            self.block[kept],
            self.priority[kept],
            self.value[kept],
            self.priorities,
        )


def wait_forecasts(
    tickets: pd.DataFrame,
    *,
    weeks_ahead: int,
    least_tickets: int,
    least_weeks: int,
    short_weeks: int,
    interval_z: float,
) -> pd.DataFrame:
    """Waits of the weeks ahead, by priority, weekday and three-hour block.

    Parameters
    ----------
    tickets: one row per replied ticket with week (0 the oldest), iso_weekday, hour_of_day, priority
        and minutes (of the calendar: what the customer waits).
    weeks_ahead: as many weeks are forecast.
    least_tickets, least_weeks: with fewer there is no forecast; short_weeks: below it
    `short_history`. interval_z: half the width of the interval of the median, in standard errors.

    Returns
    -------
    A row per cell and week ahead. share_below_p50, share_below_p90, pinball_loss (of p90, in log
    minutes) are of the last weeks, forecast from those before with what was known then.
    """
    if tickets.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    names = sorted(tickets["priority"].fillna("(none)").unique())
    code = {name: number for number, name in enumerate(names)}
    block = (tickets["iso_weekday"] - 1) * 8 + tickets["hour_of_day"] // 3
    data = Tickets(
        week=tickets["week"].to_numpy(),
        block=block.to_numpy(),
        priority=tickets["priority"].fillna("(none)").map(code).to_numpy(),
        value=np.log(np.maximum(tickets["minutes"].to_numpy(dtype=float), 0.5)),
        priorities=len(names),
    )
    next_week = int(data.week.max()) + 1
    weeks = next_week - int(data.week.min())
    frame = grid(
        names,
        weeks_ahead,
        counts=np.bincount(data.priority * BLOCKS + data.block, minlength=len(names) * BLOCKS),
    )
    if len(data.value) < least_tickets or weeks < least_weeks:
        return frame
    model = replay(data, next_week, weeks_ahead, predict=predict_cells)
    constant = replay(data, next_week, weeks_ahead, predict=predict_constant)
    is_better = model.loss < constant.loss
    best, method = (model, BLOCK_METHOD) if is_better else (constant, CONSTANT_METHOD)
    error = median_errors(data, weeks_ahead, drift=best.drift)
    p50 = best.ahead[:, 0]
    frame["p50_minutes"] = np.exp(p50).ravel()
    frame["p50_minutes_lower"] = np.exp(p50 - interval_z * error).ravel()
    frame["p50_minutes_upper"] = np.exp(p50 + interval_z * error).ravel()
    frame["p90_minutes"] = np.exp(np.maximum(best.ahead[:, 1], p50)).ravel()
    frame["share_below_p50"], frame["share_below_p90"] = best.shares
    frame["pinball_loss"], frame["constant_pinball_loss"] = best.loss, constant.loss
    frame["method"] = method
    frame["status"] = "short_history" if weeks < short_weeks else "ok"
    return frame


@dataclass(frozen=True)
class Replay:
    """ahead: weeks x quantiles x cells, log minutes; the rest as measured on the last weeks."""

    ahead: np.ndarray
    shares: tuple[float, float]
    loss: float
    drift: float


def replay(data: Tickets, next_week: int, weeks_ahead: int, *, predict) -> Replay:
    """Forecasts the last weeks from those before, then the weeks ahead with what was missed."""
    first = int(data.week.min())
    origins = [w for w in range(next_week - 2 * TEST_WEEKS, next_week) if w >= first + 2]
    cell = data.priority * BLOCKS + data.block
    missed: dict[tuple[int, int], np.ndarray] = {}
    for origin in origins:
        forecast = predict(data.before(origin))
        for ahead in range(1, weeks_ahead + 1):
            rows = data.week == origin + ahead - 1
            if rows.any():
                missed[origin, ahead] = data.value[rows] - forecast[:, cell[rows]]
    levels = [float(np.median(missed[o, 1][0])) for o in origins if (o, 1) in missed]
    drift = float(np.std(levels)) if len(levels) > 1 else 0.0
    below, losses = [], []
    for origin in origins[-TEST_WEEKS:]:
        if (origin, 1) not in missed:
            continue
        # what was known at the origin: errors one week ahead of earlier weeks
        known = [missed[o, 1] for o in origins if o < origin and (o, 1) in missed]
        left = missed[origin, 1] - conformal(known[-TEST_WEEKS:])[:, None]
        below.append(left <= 0)
        tau = np.array(QUANTILES)[:, None]
        losses.append(np.maximum(tau * left, (tau - 1) * left))
    hits = np.concatenate(below, axis=1) if below else np.full((2, 1), np.nan)
    loss = np.concatenate(losses, axis=1)[1].mean() if losses else np.nan
    forecast = predict(data)
    ahead_of = [
        forecast
        + conformal([missed[o, h] for o in origins[-TEST_WEEKS - h + 1 :] if (o, h) in missed])[
            :, None
        ]
        for h in range(1, weeks_ahead + 1)
    ]
    return Replay(
        ahead=np.stack(ahead_of),
        shares=(float(hits[0].mean()), float(hits[1].mean())),
        loss=float(loss),
        drift=drift,
    )


def conformal(missed: list[np.ndarray]) -> np.ndarray:
    """What to add to each quantile so that the share of past errors below it is right."""
    if not missed:
        return np.zeros(len(QUANTILES))
    errors = np.concatenate(missed, axis=1)
    return np.array([np.quantile(errors[i], tau) for i, tau in enumerate(QUANTILES)])


def predict_constant(data: Tickets) -> np.ndarray:
    """Quantiles x cells: those of the priority, shrunk towards those of all."""
    whole = np.quantile(data.value, QUANTILES)[:, None]
    own, count = group_quantiles(data.priority, data.value, data.priorities)
    weight = count / (count + PRIOR)
    return np.repeat(weight * own + (1 - weight) * whole, BLOCKS, axis=1)


def predict_cells(data: Tickets) -> np.ndarray:
    """Quantiles x cells of the next week."""
    cell = data.priority * BLOCKS + data.block
    place = location(data, cell)
    level, next_level = follow_level(data.week, data.value - place[cell])
    # once more without what the level did
    place = location(data, cell, level=level)
    left = data.value - level - place[cell]
    pooled = np.quantile(left, QUANTILES)[:, None]
    own, count = group_quantiles(data.block, left, BLOCKS)
    weight = count / (count + PRIOR)
    spread = weight * own + (1 - weight) * pooled
    return np.tile(spread, data.priorities) + place + next_level


def group_quantiles(
    code: np.ndarray, value: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles x groups of values by code (0 for a group without), and how many each has."""
    ordered = value[np.lexsort((value, code))]
    count = np.bincount(code, minlength=groups)
    start = np.cumsum(count) - count
    position = start + np.array(QUANTILES)[:, None] * np.maximum(count - 1, 0)
    low = np.minimum(np.floor(position).astype(int), len(ordered) - 1)
    high = np.minimum(low + 1, len(ordered) - 1)
    share = np.where(low + 1 < start + count, position - low, 0)
    found = ordered[low] + share * (ordered[high] - ordered[low])
    return np.where(count > 0, found, 0.0), count


def location(data: Tickets, cell: np.ndarray, *, level: np.ndarray | float = 0.0) -> np.ndarray:
    """Where each cell lies: mean, block, priority and its own, each shrunk towards none."""
    value = data.value - level
    mean = value.mean()
    block, priority = np.zeros(BLOCKS), np.zeros(data.priorities)
    for _ in range(3):
        block = shrunken(data.block, value - mean - priority[data.priority], BLOCKS)
        priority = shrunken(data.priority, value - mean - block[data.block], data.priorities)
    both = mean + np.tile(block, data.priorities) + np.repeat(priority, BLOCKS)
    return both + shrunken(cell, value - both[cell], data.priorities * BLOCKS)


def shrunken(code: np.ndarray, value: np.ndarray, groups: int) -> np.ndarray:
    """Means by code, shrunk by what their differences are beyond chance (by moments)."""
    count = np.bincount(code, minlength=groups)
    some = count > 0
    mean = np.bincount(code, value, groups) / np.maximum(count, 1)
    noise = float(((value - mean[code]) ** 2).sum()) / max(len(value) - some.sum(), 1)
    own = float((count * mean**2).sum() - some.sum() * noise) / max(len(value), 1)
    if own <= 0:
        return np.zeros(groups)
    return count / (count + noise / own) * mean


def follow_level(week: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, float]:
    """The level of each ticket's week as its past forecast it, and the level of the next week.

    The constant of the smoothing is the one that erred least one week ahead.
    """
    first, last = int(week.min()), int(week.max())
    count = np.bincount(week - first, minlength=last - first + 1)
    mean = np.bincount(week - first, left, last - first + 1) / np.maximum(count, 1)
    best: tuple[float, np.ndarray] | None = None
    for constant in CONSTANTS:
        level, levels = 0.0, np.empty(len(mean) + 1)
        for number, value in enumerate(mean):
            levels[number] = level
            if count[number]:
                # a week of few tickets moves it less
                level += constant * count[number] / (count[number] + 5) * (value - level)
        levels[-1] = level
        error = float((count * np.abs(mean - levels[:-1])).sum())
        if best is None or error < best[0]:
            best = (error, levels)
    return best[1][week - first], float(best[1][-1])


def median_errors(data: Tickets, weeks_ahead: int, *, drift: float) -> np.ndarray:
    """Weeks x cells: standard error of a cell's median, with the drift of the level."""
    cell = data.priority * BLOCKS + data.block
    count = np.bincount(cell, minlength=data.priorities * BLOCKS)
    sd = float(np.std(data.value - location(data, cell)[cell]))
    # the median of a normal sample has 1.2533 standard errors of the mean
    own = 1.2533 * sd / np.sqrt(count + PRIOR)
    ahead = np.arange(1, weeks_ahead + 1)[:, None]
    return np.sqrt(own**2 + drift**2 * ahead)


def grid(names: list[str], weeks_ahead: int, *, counts: np.ndarray) -> pd.DataFrame:
    """The rows of the result without figures, in the order of weeks x priorities x blocks."""
    cells = len(names) * BLOCKS
    cell = np.tile(np.arange(cells), weeks_ahead)
    block = cell % BLOCKS
    frame = pd.DataFrame(
        {
            "priority": np.array(names, dtype=object)[cell // BLOCKS],
            "iso_weekday": block // 8 + 1,
            "block_starts_hour": block % 8 * 3,
            "weeks_ahead": np.repeat(np.arange(1, weeks_ahead + 1), cells),
            "ticket_count": counts[cell],
            "status": "insufficient_data",
            "method": BLOCK_METHOD,
        }
    )
    for name in COLUMNS:
        if name not in frame:
            frame[name] = np.nan
    return frame[list(COLUMNS)].astype(COLUMNS)
