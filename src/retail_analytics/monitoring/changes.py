"""Slow change of the metrics: trends of their months, and weeks from which on the level differs."""

from datetime import date

import numpy as np
import pandas as pd

from retail_analytics.monitoring.anomalies import (
    DAYS_OF_WEEK,
    KEY,
    YEAR_DAYS,
    by_kind,
    cases_of,
    grid_of,
    year_move,
)
from retail_analytics.statistics.changes import LevelChange, level_changes
from retail_analytics.statistics.trend import FEWEST_SEASONS, trends
from retail_analytics.statistics.watch import false_discovery_q, from_scale, to_scale

SEPARATOR = "\x1f"
YEAR_WEEKS = YEAR_DAYS // DAYS_OF_WEEK
# weeks of a series that a change of its level is looked for in
FEWEST_WEEKS = 40
# weeks that a level lasts: a closed fortnight is none (the gift shop at Christmas)
SHORTEST_WEEKS = 4
# weeks that two searches may place one change apart
NEAR_WEEKS = 3
TREND_METHOD = "Mann-Kendall corrected for autocorrelation, Sen's slope"
SEASONAL_METHOD = f"season taken out, {TREND_METHOD}"
MONTHS_OF_YEAR = 12
CHANGE_METHOD = "optimal partitioning"

CHANGE_COLUMNS = {
    "metric": "object",
    "dimension": "object",
    "entity": "object",
    "unit": "object",
    "method": "object",
    "direction": "object",
    "is_better": "bool",
    "is_season_known": "bool",
    "level_before": "float64",
    "level_after": "float64",
    "size": "float64",
    "size_lower": "float64",
    "size_upper": "float64",
    "size_pct": "float64",
    "week_count": "int64",
    "changed_on": "datetime64[us]",
}


def metric_trends(series: pd.DataFrame, *, settings: dict, as_of_date: date | None) -> pd.DataFrame:
    """Trend of every monthly series over its last `trend_months`.

    `series` has metric, dimension, entity, is_higher_better, value and period of complete months.
    From three years of history on the season is taken out first: it is no trend, and does not hide
    one (`statistics.trend.trends`). `direction` is rising or falling where the test, as a
    false discovery rate over all series, rejects no trend at `trend_significance`; else unclear,
    which does not mean that nothing moves.
    """
    months, significance = int(settings["trend_months"]), settings["trend_significance"]
    frame = series.assign(entity=series["dimension"] + SEPARATOR + series["entity"])
    found = trends(frame, periods=months)
    given = found[["metric", "entity"]].copy()
    names = found["entity"].str.split(SEPARATOR, n=1)
    found["dimension"], found["entity"] = names.str[0], names.str[1]
    found["q_value"] = false_discovery_q(found["p_value"].to_numpy())
    known = found["direction"].notna()
    rises = (found["slope"] > 0).map({True: "rising", False: "falling"})
    clear = known & (found["q_value"] <= significance) & (found["slope"] != 0)
    found["direction"] = found["direction"].where(~known, rises.where(clear, "unclear"))
    rules = series.drop_duplicates("metric").set_index("metric")
    found["unit"] = found["metric"].map(rules["unit"])
    better = found["metric"].map(rules["is_higher_better"]).astype(bool)
    is_better = (found["slope"] > 0) == better
    found["is_better"] = is_better.astype(object).where(clear, None)
    typical = middle(frame, months).reindex(
        pd.MultiIndex.from_arrays([found["metric"], found["dimension"], found["entity"]])
    )
    size = np.abs(typical.to_numpy())
    found["slope_pct"] = np.where(
        size > 0, 100 * found["slope"] / np.where(size > 0, size, 1), np.nan
    )
    known_months = frame.groupby(["metric", "entity"])["value"].count()
    seen = known_months.reindex(pd.MultiIndex.from_frame(given)).to_numpy()
    has_season = seen >= FEWEST_SEASONS * MONTHS_OF_YEAR
    found["method"] = np.where(has_season, SEASONAL_METHOD, TREND_METHOD)
    found["as_of_date"] = as_of_date
    names = {
        "slope": "slope_per_month",
        "slope_lower": "slope_per_month_lower",
        "slope_upper": "slope_per_month_upper",
        "slope_pct": "slope_pct_per_month",
        "point_count": "month_count",
        "from_period": "from_month",
        "to_period": "to_month",
    }
    return found.rename(columns=names)


def middle(frame: pd.DataFrame, months: int) -> pd.Series:
    """Median of the last `months` of each series, by metric, dimension and entity."""
    names = frame["entity"].str.split(SEPARATOR, n=1)
    plain = frame.assign(entity=names.str[1]).sort_values("period")
    return plain.groupby(KEY).tail(months).groupby(KEY)["value"].median()


def change_points(daily: pd.DataFrame, rules: pd.DataFrame, settings: dict) -> pd.DataFrame:
    """Weeks from which on the level of a daily metric was another.

    Parameters
    ----------
    daily, rules, settings: as for `metric_readings`.

    Returns
    -------
    One row per series and change that is at least the metric's smallest change of interest. Where
    two years are there, it must be one against the year before, and as it was or against the year
    before that: a season is none in the first, the echo of last year's change none in the others.
    With less the season is not known, and the row says so.
    """
    empty = pd.DataFrame(columns=list(CHANGE_COLUMNS)).astype(CHANGE_COLUMNS)
    if daily.empty:
        return empty
    days = int(settings["watched_days"])
    grid = grid_of(daily, rules, length=DAYS_OF_WEEK, days=days)
    if not grid.value.size:
        return empty
    enough = cases_of(grid, length=DAYS_OF_WEEK) >= settings["fewest_cases"]
    seen = by_kind(to_scale, grid.kind, grid.value, grid.denominator)
    moves = [year_move(seen, length=DAYS_OF_WEEK, years=years) for years in (1, 2)]
    rule = rules.set_index("metric")
    rows = []
    for row in np.flatnonzero(enough):
        known = np.flatnonzero(np.isfinite(seen[row]))
        if len(known) < FEWEST_WEEKS:
            continue
        metric = grid.series["metric"].iloc[row]
        changes, is_season_known = season_free(seen[row], moves[0][row], moves[1][row])
        for change in changes:
            low, high, before, after = (
                float(from_scale(np.array(value), grid.kind[row]))
                for value in (
                    change.before + change.size_lower,
                    change.before + change.size_upper,
                    change.before,
                    change.after,
                )
            )
            size = after - before
            share = size / abs(before) if before else np.nan
            least = rule["minimum_change"][metric]
            if abs(size if grid.kind[row] == "rate" else share) < least:
                continue
            rows.append(
                {
                    **grid.series.iloc[row].to_dict(),
                    "unit": rule["unit"][metric],
                    "method": CHANGE_METHOD,
                    "direction": "up" if size > 0 else "down",
                    "is_better": (size > 0) == bool(rule["is_higher_better"][metric]),
                    "is_season_known": is_season_known,
                    "level_before": before,
                    "level_after": after,
                    "size": size,
                    "size_lower": low - before,
                    "size_upper": high - before,
                    "size_pct": 100 * share,
                    "week_count": len(known),
                    "changed_on": grid.ends_on[change.place] - np.timedelta64(6, "D"),
                }
            )
    return pd.DataFrame(rows, columns=list(CHANGE_COLUMNS)).astype(CHANGE_COLUMNS)


def season_free(
    seen: np.ndarray, move: np.ndarray, move_before: np.ndarray
) -> tuple[list[LevelChange], bool]:
    """Changes of a series of weeks that are no season, and whether the season was known."""
    plain = level_changes(seen, shortest=SHORTEST_WEEKS)
    if np.isfinite(seen - move).sum() < FEWEST_WEEKS:
        return plain, False
    witnesses = plain + level_changes(seen - move_before, shortest=SHORTEST_WEEKS)
    return [
        change
        for change in level_changes(seen - move, shortest=SHORTEST_WEEKS)
        if any(
            abs(other.place - change.place) <= NEAR_WEEKS and other.size * change.size > 0
            for other in witnesses
        )
    ], True
