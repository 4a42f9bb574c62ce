"""What is unusual in support, each kind against its own profile of the weeks before.

kind      | what is read                       | profile
----------|------------------------------------|--------------------------------------------------
volume    | tickets of a day, all and channel  | level of the last days x weekday
temporal  | tickets of an hour                 | level of the last days x hour of the week
response  | log minutes to the reply of a week | mean, and spread, of the weeks before
team      | the same of a team, for its mix    | the team's mean of the weeks before
sentiment | satisfaction of a week, of four    | mean of the weeks before

Every reading becomes a z that is standard normal while nothing changes: counts by their negative
binomial tail, means by Student's t on the weeks they are compared with. A limit on z is set by how
many false alerts a week it costs, over all series of a kind. What was unusual counts in the profile
of later days only as far as its limit.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import nbinom, norm, t

COLUMNS = {
    "kind": "object",
    "measure": "object",
    "entity": "object",
    "period_starts_at": "datetime64[us]",
    "period_hours": "int64",
    "observed": "float64",
    "expected": "float64",
    "ticket_count": "int64",
    "z": "float64",
    "direction": "object",
    "severity": "object",
    "limit_z": "float64",
    "expected_false_alerts_per_week": "float64",
}
COUNTS = {"volume": 24, "temporal": 1}
HOURS_OF_WEEK = 168
# hours before a period that its profile is learned from; the level follows the newest of them, so
# many as foretold counts best: tickets of a large desk come in waves, those of a small one do not
PROFILE_HOURS = 26 * 168
LEVEL_HOURS = (4 * 168, 2 * 168, 168)
LEAST_HOURS = 8 * 168
PROFILE_WEEKS = 26
LEAST_WEEKS = 8
LEAST_TICKETS = 3
WINDOW_WEEKS = 4
# the logarithm of the variance of a few values is far from normal
LEAST_TICKETS_SPREAD = 10
# tickets by which an hour of the week is shrunk towards its day and hour of day
PRIOR_TICKETS = 20.0
# log-likelihood by which a shorter level must be better than the longest, for it is less sure
EVIDENCE = 3.0
# z beyond which a reading is cut down before later periods learn from it
CUT = 3.0


@dataclass(frozen=True)
class Readings:
    """Periods that could be compared: place in the series, what was seen, what was expected, z."""

    place: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    z: np.ndarray


def support_anomalies(series: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Unusual periods.

    Parameters
    ----------
    series: one row per kind, measure, entity and period that had tickets: period (a whole number:
        days, hours or weeks since 1970), ticket_count, total and squares (of what is averaged;
        counts have neither). first_period and last_period say from where to where the series goes.
    rules: one row per kind and severity with false_alerts_per_week, minimum_change (a share of what
        is expected; points for means), minimum_tickets (more or fewer, of counts) and direction
        (`both`, `above`, `below`).

    Returns
    -------
    One row per unusual kind, measure, entity and period with the highest severity it reaches.
    """
    found = [readings(series, kind) for kind in sorted(set(rules["kind"]))]
    parts = [
        judged(read, rules[rules["kind"] == kind])
        for read in found
        for kind in ([read["kind"].iloc[0]] if len(read) else [])
    ]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in COLUMNS.items()})
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)].astype(COLUMNS)


def readings(series: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Every period of a kind that can be compared: observed, expected, z."""
    parts = []
    of_kind = series[series["kind"] == kind]
    for (measure, entity), part in of_kind.groupby(["measure", "entity"], sort=True):
        first, last = int(part["first_period"].iloc[0]), int(part["last_period"].iloc[0])
        size = last - first + 1
        place = part["period"].to_numpy() - first
        count = np.zeros(size)
        count[place] = part["ticket_count"]
        if kind in COUNTS:
            hours = COUNTS[kind]
            offset = (first + (3 if kind == "volume" else 72)) % (HOURS_OF_WEEK // hours)
            read = count_readings(count, per_week=HOURS_OF_WEEK // hours, offset=offset)
        else:
            hours = HOURS_OF_WEEK
            window = WINDOW_WEEKS if measure.endswith("_4_weeks") else 1
            total, squares = np.zeros(size), np.zeros(size)
            total[place], squares[place] = part["total"], part["squares"]
            read = mean_readings(
                count, total, squares, is_spread=measure.endswith("spread"), window=window
            )
        if not len(read.place):
            continue
        frame = pd.DataFrame(vars(read))
        step = hours * 3600
        # weeks since 1970 are counted from Monday 1969-12-29
        start = -3 * 86_400 if hours == HOURS_OF_WEEK else 0
        length = window if kind not in COUNTS else 1
        seconds = (frame["place"].to_numpy(dtype=np.int64) + first - length + 1) * step + start
        parts.append(
            frame.assign(
                kind=kind,
                measure=measure,
                entity=entity,
                period_starts_at=seconds.astype("datetime64[s]").astype("datetime64[us]"),
                period_hours=hours * length,
                step_hours=hours,
                ticket_count=np.convolve(count, np.ones(length))[
                    frame["place"].to_numpy(dtype=int)
                ],
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def judged(read: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Readings beyond a limit, with the highest severity they reach."""
    kind = read["kind"].iloc[0]
    series = len(read[["measure", "entity"]].drop_duplicates())
    tests_per_week = series * HOURS_OF_WEEK / read["step_hours"].iloc[0]
    change = read["observed"] - read["expected"]
    size = change.abs() / read["expected"].abs() if kind in COUNTS else change.abs()
    result = read.assign(
        severity=None,
        limit_z=np.nan,
        expected_false_alerts_per_week=np.nan,
        direction=np.where(change > 0, "above", "below"),
    )
    result["severity"] = result["severity"].astype(object)
    # the strictest last: it overwrites
    for rule in rules.sort_values("false_alerts_per_week", ascending=False).itertuples():
        tails = 2 if rule.direction == "both" else 1
        limit = float(norm.isf(min(rule.false_alerts_per_week / tests_per_week / tails, 0.5)))
        hit = (read["z"].abs() >= limit) & (size >= rule.minimum_change)
        hit &= change.abs() >= rule.minimum_tickets if kind in COUNTS else True
        if rule.direction != "both":
            hit &= result["direction"] == rule.direction
        result.loc[hit, "severity"] = rule.severity
        result.loc[hit, "limit_z"] = limit
        result.loc[hit, "expected_false_alerts_per_week"] = rule.false_alerts_per_week
    return result[result["severity"].notna()]


def count_readings(count: np.ndarray, *, per_week: int, offset: int) -> Readings:
    """Counts against level x profile before; offset: place of the first in its week."""
    size = len(count)
    week_place = (np.arange(size) + offset) % per_week
    scale = HOURS_OF_WEEK // per_week
    profile_length = PROFILE_HOURS // scale
    level_lengths = [hours // scale for hours in LEVEL_HOURS]
    level_length = level_lengths[0]
    day = max(per_week // 7, 1)
    cleaned = count.astype(float).copy()
    expected, spread = np.zeros(size), np.zeros(size)
    begin = -(-(LEAST_HOURS // scale) // day) * day
    share, beyond = np.ones(per_week), 0.0
    # the level is learned anew every day, profile and spread once a week
    for start in range(begin, size, day):
        if (start - begin) % per_week == 0:
            past = slice(max(0, start - profile_length), start)
            share = profile(cleaned[past], week_place[past], per_week)
            levels = {
                length: share[week_place[past]]
                * rolling_level(cleaned[past], share[week_place[past]], length)
                for length in level_lengths
            }
            level_length = best_level(cleaned[past], levels)
            known = levels[level_length]
            usable = np.isfinite(known)
            over = ((cleaned[past] - known) ** 2 - known)[usable].sum()
            square = (known[usable] ** 2).sum()
            beyond = max(over / square, 0.0) if square > 0 else 0.0
        recent = slice(max(0, start - level_length), start)
        # half a ticket more: after weeks without any, one is possible
        seen = cleaned[recent].sum() + 0.5
        rows = slice(start, min(start + day, size))
        expected[rows] = seen / share[week_place[recent]].sum() * share[week_place[rows]]
        # the level is itself a count
        spread[rows] = beyond + 1 / seen
        limit = (
            expected[rows] + CUT * np.sqrt(expected[rows] + spread[rows] * expected[rows] ** 2) + 1
        )
        cleaned[rows] = np.minimum(count[rows], limit)
    rows = np.arange(min(begin, size), size)
    z = count_z(count[rows], expected[rows], spread[rows])
    return Readings(rows, count[rows], expected[rows], z)


def best_level(count: np.ndarray, levels: dict[int, np.ndarray]) -> int:
    """The length (a key of `levels`, the longest first) by which counts were foretold best.

    By the log-likelihood of Poisson counts, over the periods that all lengths foretell; a shorter
    one must be better than the longest by EVIDENCE.
    """
    usable = np.isfinite(np.array(list(levels.values()))).all(axis=0)
    fits = {}
    for length, level in levels.items():
        mean = np.maximum(level[usable], 1e-3)
        fits[length] = float((count[usable] * np.log(mean) - mean).sum())
    longest = next(iter(levels))
    best = max(fits, key=lambda length: fits[length])
    return best if fits[best] > fits[longest] + EVIDENCE else longest


def rolling_level(count: np.ndarray, share: np.ndarray, length: int) -> np.ndarray:
    """The level before each period, from the `length` before it; NaN while there are too few."""
    totals = np.concatenate([[0.0], np.cumsum(count)])
    weights = np.concatenate([[0.0], np.cumsum(share)])
    place = np.arange(len(count))
    low = np.maximum(place - length, 0)
    level = (totals[place] - totals[low]) / np.maximum(weights[place] - weights[low], 1e-12)
    return np.where(place >= length // 2, level, np.nan)


def profile(count: np.ndarray, week_place: np.ndarray, per_week: int) -> np.ndarray:
    """Factors of the periods of a week, mean one, shrunk towards day x hour where few."""
    seen = np.bincount(week_place, count, per_week)
    times = np.bincount(week_place, minlength=per_week)
    rate = (seen + 1e-9) / np.maximum(times, 1)
    mean = rate.mean()
    if per_week == 7:
        weight = seen.sum() / 7 / (seen.sum() / 7 + PRIOR_TICKETS)
        return weight * rate / mean + (1 - weight)
    table = rate.reshape(7, -1)
    product = np.outer(table.mean(axis=1), table.mean(axis=0)).ravel() / mean
    product = 0.98 * product + 0.02 * mean
    weight = product * times / (product * times + PRIOR_TICKETS)
    return (weight * rate + (1 - weight) * product) / mean


def count_z(count: np.ndarray, expected: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """z of counts by their tail: the probability of as many or more (or as few or less)."""
    mean = np.maximum(expected, 1e-9)
    size = 1 / np.maximum(spread, 1e-9)
    chance = size / (size + mean)
    above = norm.isf(np.maximum(nbinom.sf(count - 1, size, chance), 1e-300))
    below = -norm.isf(np.maximum(nbinom.cdf(count, size, chance), 1e-300))
    return np.where(count >= mean, np.maximum(above, 0), np.minimum(below, 0))


def mean_readings(
    count: np.ndarray, total: np.ndarray, squares: np.ndarray, *, is_spread: bool, window: int = 1
) -> Readings:
    """Weekly means, or logarithms of weekly standard deviations, against the weeks before.

    With a window, the mean of so many weeks up to each against the weeks before the window.
    """
    some = count >= (LEAST_TICKETS_SPREAD if is_spread else LEAST_TICKETS)
    safe = np.maximum(count, 1)
    mean = total / safe
    variance = np.maximum(squares - total * mean, 0) / np.maximum(count - 1, 1)
    # of a logarithm of a standard deviation of n normal values
    error = 1 / (2 * np.maximum(count - 1, 1))
    if is_spread:
        some &= variance > 0
        value = np.where(some, 0.5 * np.log(np.maximum(variance, 1e-12)), np.nan)
    else:
        value = np.where(some, mean, np.nan)
    cleaned = value.copy()
    found = []
    for week in range(window - 1, len(count)):
        start = week - window + 1
        before = np.arange(max(0, start - PROFILE_WEEKS), start)
        before = before[np.isfinite(cleaned[before])]
        if not some[start : week + 1].all() or len(before) < LEAST_WEEKS:
            continue
        spread = (variance[before] * (count[before] - 1)).sum() / (count[before] - 1).sum()
        within = error if is_spread else spread / safe
        between = max(float(cleaned[before].var(ddof=1) - within[before].mean()), 0.0)
        weight = 1 / (between + within[before] + 1e-12)
        expected = float((weight * cleaned[before]).sum() / weight.sum())
        seen = np.arange(start, week + 1)
        observed = float(value[week])
        own = float(within[week])
        if window > 1:
            observed = float(total[seen].sum() / count[seen].sum())
            own = spread / float(count[seen].sum())
        deviation = np.sqrt(between / window + own + 1 / weight.sum())
        score = (observed - expected) / max(deviation, 1e-9)
        tail = t.sf(abs(score), len(before) - 1)
        z = float(np.sign(score) * norm.isf(max(tail, 1e-300)))
        if window == 1:
            cleaned[week] = expected + np.clip(score, -CUT, CUT) * deviation
        found.append((week, observed, expected, z))
    place, observed, usual, z = np.array(found).reshape(-1, 4).T
    if is_spread:
        observed, usual = np.exp(observed), np.exp(usual)
    return Readings(place.astype(int), observed, usual, z)
