"""Daily metrics watched: every day and week of every series with what was to be expected of it.

Of three expectations the one serves that erred least in the days before: level and weekday alone,
or with half or all of the move that the same days of the year before made. What is far out is an
anomaly where chance would bring it no more often than the settings allow, where it is beyond the
metric's smallest change of interest, and where the false discovery rate over all series of the day
holds. How often a series alerts by chance is measured on its own past, and what it would see is
measured by changing it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from scipy.special import ndtri
from sklearn.ensemble import IsolationForest

from retail_analytics.statistics.watch import (
    Watched,
    false_discovery_q,
    from_scale,
    tail_weights,
    to_scale,
    watch,
)

KEY = ["metric", "dimension", "entity"]
DAYS_OF_WEEK = 7
PERIODS = {"day": 1, "week": 7}
YEAR = pd.Timedelta(days=365)
YEAR_DAYS = 364
# steps of the year before whose mean is its move, by the days of a step
MOVE_STEPS = {1: 7, 7: 3}
YEAR_SHARES = (0.0, 0.5, 1.0)
METHODS = ("level and season", "with half the move of the year before", "with the year before")
# an error of this many periods ago counts half
ERROR_HALF_LIFE = 60
INJECTED = (3, 4, 5, 6)
# of each series the newest steps that changes are tried on
INJECTED_STEPS = 200
WATCHED = ("seen", "expected", "spread", "noise", "z", "freedom")
# of 10 changes of the stated size so many are found
SEEN_SHARE = 0.9
SEED = 16
FOREST_ROWS, FOREST_TREES, FOREST_INJECTED = 3000, 60, 1000

COLUMNS = {
    "metric": "object",
    "dimension": "object",
    "entity": "object",
    "period": "object",
    "method": "object",
    "status": "object",
    "direction": "object",
    "is_anomaly": "bool",
    "is_better": "object",
    "observed": "float64",
    "expected": "float64",
    "expected_lower": "float64",
    "expected_upper": "float64",
    "z": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "change": "float64",
    "change_pct": "float64",
    "money": "float64",
    "duration_periods": "int64",
    "severity": "float64",
    "forest_share": "float64",
    "expected_false_alerts_per_week": "float64",
    "smallest_fall_seen": "float64",
    "smallest_rise_seen": "float64",
    "found_3_sigma": "float64",
    "found_4_sigma": "float64",
    "found_5_sigma": "float64",
    "found_6_sigma": "float64",
    "tested_count": "int64",
    "ends_on": "datetime64[us]",
}


@dataclass(frozen=True)
class Grid:
    """Series (rows) over periods (columns): cases, values, and the last day of each period."""

    series: pd.DataFrame
    kind: np.ndarray
    denominator: np.ndarray
    value: np.ndarray
    ends_on: np.ndarray


def metric_readings(
    daily: pd.DataFrame,
    rules: pd.DataFrame,
    settings: dict,
    *,
    holidays: Collection[date] = (),
) -> pd.DataFrame:
    """Every reading of the last `shown_days` and every anomaly before.

    Parameters
    ----------
    daily: one row per metric, dimension, entity and complete day, every day of a series:
        numerator, denominator (null for counts and sums), day.
    rules: one row per metric with kind (count, sum, rate, mean), worth (value, order or none),
        is_higher_better and minimum_change (a share of the expected value; of rates a difference).
    settings: watched_days, shown_days, day_false_alerts_per_year, week_false_alerts_per_year,
        false_discovery_rate, tail_z (seeds/rules/monitoring/monitoring_settings.csv).
    holidays: days that are not like others: they are not tested by day, and teach nothing.

    Returns
    -------
    One row per series, period (`day`, `week`) and its last day. A series too short to be tested has
    one row, of its last period, with status `insufficient_data` and null figures.
    """
    if daily.empty:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    worth = shop_worth(daily)
    parts = []
    for period, length in PERIODS.items():
        allowed = settings[f"{period}_false_alerts_per_year"] * length / 365.25
        grid = grid_of(daily, rules, length=length, days=int(settings["watched_days"]))
        closed = np.isin(grid.ends_on, np.array(sorted(holidays), dtype="datetime64[ns]"))
        closed &= length == 1
        if grid.value.size:
            frame = readings_of(grid, closed, length=length, limit=allowed, settings=settings)
            frame = frame.assign(period=period)
            parts.append(judged(frame, rules, settings, allowed, length, worth))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    result = pd.concat(parts, ignore_index=True)
    newest = result["ends_on"].max()
    shown = result["ends_on"] > newest - pd.Timedelta(days=settings["shown_days"])
    keep = (shown & result["observed"].notna()) | result["is_anomaly"] | result["is_last"]
    result = with_forest(result[keep])
    result = result.sort_values([*KEY, "period", "ends_on"], ignore_index=True)
    return result[list(COLUMNS)].astype(COLUMNS)


def shop_worth(daily: pd.DataFrame) -> dict[str, float]:
    """Revenue per purchase (`order`) and per day (`revenue`) of the last year; NaN if unknown."""
    whole = daily[(daily["dimension"] == "all") & (daily["day"] > daily["day"].max() - YEAR)]
    orders = whole[(whole["metric"] == "average_order_value") & whole["numerator"].notna()]
    revenue = whole.loc[whole["metric"] == "revenue", "numerator"].mean()
    cases = orders["denominator"].sum()
    return {
        "order": float(orders["numerator"].sum() / cases) if cases > 0 else np.nan,
        "revenue": float(revenue) if revenue > 0 else np.nan,
    }


def grid_of(daily: pd.DataFrame, rules: pd.DataFrame, *, length: int, days: int) -> Grid:
    """The series as a matrix of periods of `length` days: the last complete day is the last, or of
    weeks the last Sunday, so that a week stays the same week in every build. A period of which a
    day's count is unknown is unknown, and so is one that begins before its series."""
    last = daily["day"].max()
    if length == DAYS_OF_WEEK:
        last -= pd.Timedelta(days=(last.weekday() + 1) % DAYS_OF_WEEK)
    steps = (days // length) * length
    frame = daily[(daily["day"] > last - pd.Timedelta(days=steps)) & (daily["day"] <= last)]
    frame = frame.merge(rules[["metric", "kind"]], on="metric")
    if frame.empty:
        nothing = np.full((0, 0), np.nan)
        ends = np.array([], dtype="datetime64[ns]")
        return Grid(pd.DataFrame(columns=KEY), np.array([]), nothing, nothing, ends)
    place = steps - 1 - (last - frame["day"]).dt.days.to_numpy()
    codes, names = pd.factorize(pd.MultiIndex.from_frame(frame[KEY]), sort=True)
    kind = frame["kind"].to_numpy()[np.unique(codes, return_index=True)[1]]
    sums, cases = np.full((2, len(names), steps), np.nan)
    sums[codes, place] = frame["numerator"]
    cases[codes, place] = frame["denominator"]
    sums = sums.reshape(len(names), -1, length)
    cases = cases.reshape(len(names), -1, length)
    weight = np.nansum(cases, axis=2)
    weight[np.isnan(cases).all(axis=2)] = np.nan
    # a day without cases adds nothing to a mean; one of unknown sum leaves the period unknown
    known = ~(np.isnan(sums) & (np.nan_to_num(cases) > 0)).any(axis=2)
    total = np.where(known, np.nansum(sums, axis=2), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(weight > 0, total / weight, np.nan)
    is_total = np.isin(kind, ("count", "sum"))[:, None]
    value = np.where(is_total, sums.sum(axis=2), mean)
    used = np.flatnonzero(np.isfinite(value).any(axis=0))
    first = used[0] if len(used) else steps // length
    ends = last - pd.to_timedelta(length * np.arange(steps // length)[::-1], unit="D")
    series = pd.DataFrame(list(names), columns=KEY)
    return Grid(series, kind, weight[:, first:], value[:, first:], ends.to_numpy()[first:])


def by_kind(scale: Callable[..., np.ndarray], kind: np.ndarray, *values: np.ndarray) -> np.ndarray:
    """`to_scale` or `from_scale` for series (or readings) of several kinds."""
    result = np.full(values[0].shape, np.nan)
    for one in sorted(set(kind)):
        rows = kind == one
        result[rows] = scale(*(value[rows] for value in values), one)
    return result


def readings_of(
    grid: Grid, closed: np.ndarray, *, length: int, limit: float, settings: dict
) -> pd.DataFrame:
    """One row per series and period: the reading, and what is measured of its series."""
    kind = grid.kind
    enough = cases_of(grid, length=length) >= settings["fewest_cases"]
    seen = by_kind(to_scale, kind, grid.value, grid.denominator)
    seen = np.where(enough[:, None] & ~closed, seen, np.nan)
    of_share = 1 / np.sqrt(np.maximum(np.nan_to_num(grid.denominator), 0.5))
    floor = np.where((kind == "rate")[:, None], of_share, (kind == "count")[:, None].astype(float))
    season = DAYS_OF_WEEK if length == 1 else 1
    read, share = best_watch(seen, floor=floor, season=season, length=length)
    p_value = read.p_value()
    false_share = measured_false_share(
        read, kind, floor=floor, season=season, limit=limit, rng=np.random.default_rng(SEED)
    )
    found = {
        f"found_{size}_sigma": (found_share(read, size, limit) + found_share(read, -size, limit))
        / 2
        for size in INJECTED
    }
    tested = np.isfinite(read.z)
    fall, rise = smallest_changes(read, grid, limit)
    band = -ndtri(limit / 2)
    keep = np.isfinite(grid.value)
    rows = np.arange(len(kind))
    is_last = np.zeros(keep.shape, dtype=bool)
    is_last[rows, last_true(keep)] = keep.any(axis=1)
    at = np.nonzero(keep)
    repeated = {
        "tested_count": tested.sum(axis=1),
        "smallest_fall_seen": fall,
        "smallest_rise_seen": rise,
        "false_share": false_share,
        **found,
    }

    def usual(scaled: np.ndarray) -> np.ndarray:
        return by_kind(from_scale, kind[at[0]], scaled[at])

    frame = grid.series.iloc[at[0]].reset_index(drop=True)
    return frame.assign(
        method=np.array(METHODS)[share[at]],
        status=np.select(
            [tested[at], ~enough[at[0]], closed[at[1]]],
            ["ok", "too_few_cases", "holiday"],
            "insufficient_data",
        ),
        is_tested=tested[at],
        observed=grid.value[at],
        expected=usual(read.expected),
        expected_lower=usual(read.expected - band * read.spread),
        expected_upper=usual(read.expected + band * read.spread),
        z=read.z[at],
        p_value=p_value[at],
        z_before=np.column_stack([np.zeros(len(kind)), read.z[:, :-1]])[at],
        duration_periods=durations(read.z, settings["tail_z"])[at],
        is_last=is_last[at],
        ends_on=grid.ends_on[at[1]],
        **{name: values[at[0]] for name, values in repeated.items()},
    )


def smallest_changes(read: Watched, grid: Grid, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """The smallest fall and rise of each series, as of its last tested period, of which nine in ten
    would be found; NaN where not even the lowest or highest value would be (no order on a day that
    brings two on average is nothing unusual)."""
    rows = np.arange(len(grid.kind))
    last = last_true(np.isfinite(read.z))
    reach = smallest_z(read, limit, last) + ndtri(SEEN_SHARE)
    centre, width = read.expected[rows, last], read.spread[rows, last]
    cases = np.nan_to_num(grid.denominator[rows, last])
    low, middle, high = (
        by_kind(from_scale, grid.kind, centre + sign * reach * width) for sign in (-1, 0, 1)
    )
    lowest = by_kind(to_scale, grid.kind, np.zeros(len(rows)), cases)
    highest = by_kind(to_scale, grid.kind, np.ones(len(rows)), cases)
    has_low = (centre - reach * width >= lowest) | ~np.isin(grid.kind, ("count", "rate"))
    has_high = (centre + reach * width <= highest) | (grid.kind != "rate")
    return np.where(has_low, middle - low, np.nan), np.where(has_high, high - middle, np.nan)


def cases_of(grid: Grid, *, length: int) -> np.ndarray:
    """Cases per period of each series over its last year; infinite where they are not counted."""
    last = slice(-(365 // length), None)
    cases = np.where((grid.kind == "count")[:, None], grid.value, grid.denominator)[:, last]
    known = np.isfinite(cases)
    counted = np.where(known, cases, 0).sum(axis=1)
    return np.where(known.any(axis=1), counted / np.maximum(known.sum(axis=1), 1), np.inf)


def best_watch(
    seen: np.ndarray, *, floor: np.ndarray, season: int, length: int
) -> tuple[Watched, np.ndarray]:
    """The watch of each series and step whose expectation erred least before it, with the place of
    its method in METHODS. Where there is no year before, there is one candidate."""
    lag = YEAR_DAYS // length
    shares = np.zeros(seen.shape, dtype=int)
    if seen.shape[1] <= lag + 8 * season:
        return watch(seen, floor=floor, season=season), shares
    move = year_move(seen, length=length)
    taken = np.stack([part * move if part else np.zeros(seen.shape) for part in YEAR_SHARES])
    # one watch over all candidates: its cost is in the steps, not in the series
    left = (seen - taken).reshape(-1, seen.shape[1])
    read = watch(left, floor=np.tile(floor, (len(taken), 1)), season=season)

    def candidates(name: str) -> np.ndarray:
        return getattr(read, name).reshape(taken.shape)

    expected, spread = candidates("expected") + taken, candidates("spread")
    errors = past_error(np.abs(seen - expected), spread)
    # as good as the simple one is not enough to leave it
    errors[1:] *= 1.02
    shares = np.argmin(np.where(np.isfinite(errors), errors, np.inf), axis=0)
    noise, z, freedom = (np.choose(shares, candidates(name)) for name in ("noise", "z", "freedom"))
    chosen = (np.choose(shares, expected), np.choose(shares, spread), noise, z, freedom)
    return Watched(seen, *chosen, tail_weights(z)), shares


def year_move(seen: np.ndarray, *, length: int, years: int = 1) -> np.ndarray:
    """How far the steps around each step so many years before stood from the year around them; NaN
    where there is no such year. Nothing of it lies after the step before."""
    lag = years * (YEAR_DAYS // length)
    near = mean_around(seen, MOVE_STEPS[length])
    wide = mean_around(seen, YEAR_DAYS // length)
    move = np.full(seen.shape, np.nan)
    move[:, lag:] = (near - wide)[:, :-lag]
    return move


def mean_around(seen: np.ndarray, width: int) -> np.ndarray:
    """Mean of the known of the `width` steps around each; at the ends those nearest to it."""
    known = np.isfinite(seen)
    sums = np.cumsum(np.pad(np.where(known, seen, 0.0), ((0, 0), (1, 0))), axis=1)
    counts = np.cumsum(np.pad(known.astype(float), ((0, 0), (1, 0))), axis=1)
    steps = seen.shape[1]
    low = np.clip(np.arange(steps) - width // 2, 0, max(steps - width, 0))
    high = np.minimum(low + width, steps)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums[:, high] - sums[:, low]) / (counts[:, high] - counts[:, low])


def past_error(errors: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Mean size of the errors before each step (last axis), the newest weighing most; NaN where
    there are few."""
    known = np.isfinite(errors)
    # one wild day decides nothing
    sizes = np.where(known, np.minimum(errors, 4 * spread), 0.0)
    keep = 0.5 ** (1 / ERROR_HALF_LIFE)
    totals = lfilter([0.0, 1.0], [1.0, -keep], sizes, axis=-1)
    masses = lfilter([0.0, 1.0], [1.0, -keep], known.astype(float), axis=-1)
    return np.where(masses > 5, totals / np.maximum(masses, 1), np.nan)


def found_share(read: Watched, size: float, limit: float) -> np.ndarray:
    """Of each series the share of tested steps that would be found had they been `size` standard
    deviations of their noise further up (down below 0): what was seen is changed, what is expected
    comes from the steps before and stays."""
    recent = Watched(
        *(getattr(read, name)[:, -INJECTED_STEPS:] for name in WATCHED),
        read.weights[:, :, -INJECTED_STEPS:],
    )
    changed = recent.p_value(recent.z + size * recent.noise / recent.spread)
    known = np.isfinite(changed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (known & (changed < limit)).sum(axis=1) / known.sum(axis=1)


def measured_false_share(
    read: Watched,
    kind: np.ndarray,
    *,
    floor: np.ndarray,
    season: int,
    limit: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Share of each series' steps that alert while nothing changes, measured over its kind.

    Each series is made anew: what was expected, plus noise drawn from its own readings that were no
    alert. It is then watched as the real one was. Never below the share that the limit allows.
    """
    usual = np.where(read.p_value() >= limit, read.z, np.nan)
    made = np.full(read.seen.shape, np.nan)
    for row in range(len(made)):
        drawn = usual[row, np.isfinite(usual[row])]
        known = np.isfinite(read.expected[row]) & np.isfinite(read.seen[row])
        if len(drawn) and known.any():
            noise = rng.choice(drawn, size=known.sum()) * read.spread[row, known]
            made[row, known] = read.expected[row, known] + noise
    again = watch(made, floor=floor, season=season).p_value()
    result = np.full(len(kind), limit)
    for one in sorted(set(kind)):
        chances = again[kind == one]
        chances = chances[np.isfinite(chances)]
        if len(chances):
            result[kind == one] = max(float((chances < limit).mean()), limit)
    return result


def smallest_z(read: Watched, limit: float, last: np.ndarray) -> np.ndarray:
    """The z of each series' step `last` whose chance is just `limit`, by halving."""
    rows = np.arange(len(last))
    at_last = Watched(
        *(getattr(read, name)[rows, last][:, None] for name in WATCHED),
        read.weights[:, rows, last][:, :, None],
    )
    low, high = np.zeros((len(last), 1)), np.full((len(last), 1), 200.0)
    for _ in range(40):
        middle = (low + high) / 2
        inside = at_last.p_value(middle) > limit
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return np.where(np.isfinite(at_last.z), high, np.nan)[:, 0]


def last_true(flags: np.ndarray) -> np.ndarray:
    """Place of the last true of each row; the last place where there is none."""
    return flags.shape[1] - 1 - np.argmax(flags[:, ::-1], axis=1) * flags.any(axis=1)


def durations(z: np.ndarray, tail: float) -> np.ndarray:
    """Steps in a row, up to each, that were on its side and beyond `tail`; 1 where it is not."""
    side = np.where(np.abs(z) >= tail, np.sign(z), 0)
    run = np.ones(z.shape, dtype=int)
    for step in range(1, z.shape[1]):
        same = (side[:, step] != 0) & (side[:, step] == side[:, step - 1])
        run[:, step] = np.where(same, run[:, step - 1] + 1, 1)
    return run


def judged(
    frame: pd.DataFrame,
    rules: pd.DataFrame,
    settings: dict,
    limit: float,
    length: int,
    worth: dict[str, float],
) -> pd.DataFrame:
    """Which readings are anomalies, what they are worth, and how severe they are."""
    rule = rules.set_index("metric")
    kind, better = frame["metric"].map(rule["kind"]), frame["metric"].map(rule["is_higher_better"])
    change = frame["observed"] - frame["expected"]
    share = change / frame["expected"].abs().where(frame["expected"].abs() > 0)
    size = change.abs().where(kind == "rate", share.abs().fillna(np.inf))
    unit = frame["metric"].map(rule["worth"]).map({"value": 1.0, "order": worth["order"]})
    money = change * unit * np.where(better.astype(bool), 1, -1)
    tested = frame["is_tested"]
    q_value = q_per_day(frame["p_value"].to_numpy(), frame["ends_on"].to_numpy())
    is_anomaly = (
        tested
        & (frame["p_value"] < limit)
        & (size >= frame["metric"].map(rule["minimum_change"]))
        & (q_value <= settings["false_discovery_rate"])
    )
    money_share = money.abs() / (worth["revenue"] * length)
    grave = money_share.where(money.notna() & money_share.notna(), other=np.nan)
    points = steps_over(frame["z"].abs(), [-np.inf, 4, 5, 7])
    points += np.where(
        grave.notna(),
        steps_over(grave, [0.05, 0.2, 0.5]),
        steps_over(share.abs(), [0.25, 0.5, 1.0]),
    )
    points += steps_over(frame["duration_periods"], [2, 4, 7])
    return frame.assign(
        is_anomaly=is_anomaly,
        change=change,
        change_pct=100 * share,
        money=money,
        q_value=q_value,
        direction=np.select([change > 0, change < 0], ["above", "below"], default=None),
        is_better=np.where(change == 0, None, (change > 0) == better.astype(bool)),
        severity=np.where(is_anomaly, np.clip(points, 1, 10), np.nan),
        expected_false_alerts_per_week=frame["false_share"] * 7 / length,
    )


def q_per_day(p_values: np.ndarray, days: np.ndarray) -> np.ndarray:
    """q of each p-value among those of its day."""
    result = np.full(p_values.shape, np.nan)
    order = np.argsort(days, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(days[order]).astype(np.int64)) + 1):
        result[rows] = false_discovery_q(p_values[rows])
    return result


def steps_over(values: pd.Series, cuts: list[float]) -> np.ndarray:
    """How many of the cuts each value reaches; an unknown one none."""
    return sum((values >= cut).to_numpy().astype(int) for cut in cuts)


def with_forest(frame: pd.DataFrame) -> pd.DataFrame:
    """`forest_share` of anomalies: the share of injected changes of four deviations that an
    isolation forest (Liu, Ting and Zhou 2008) finds less odd. A side score: it decides nothing, and
    its scale comes from what was injected, not from a guess of how much is odd."""
    result = frame.assign(forest_share=np.nan)
    features = pd.DataFrame(
        {
            "z": frame["z"],
            "before": frame["z_before"].fillna(0.0),
            "duration": frame["duration_periods"],
        }
    )
    usual = features[frame["is_tested"] & ~frame["is_anomaly"]].to_numpy()
    chosen = frame["is_anomaly"].to_numpy()
    if len(usual) < 200 or not chosen.any():
        return result
    rng = np.random.default_rng(SEED)
    taken = usual[rng.permutation(len(usual))[:FOREST_ROWS]]
    forest = IsolationForest(n_estimators=FOREST_TREES, random_state=SEED).fit(taken)
    changed = taken[rng.integers(len(taken), size=FOREST_INJECTED)].copy()
    changed[:, 0] += rng.choice([-4.0, 4.0], size=len(changed))
    known = np.sort(-forest.score_samples(changed))
    odd = -forest.score_samples(features[chosen].to_numpy())
    result.loc[chosen, "forest_share"] = np.searchsorted(known, odd, side="right") / len(known)
    return result
