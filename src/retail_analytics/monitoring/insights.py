"""What changed, in words: findings of the marts put into the sentences of a rule table.

A finding is said once. Anomalies of one time are one episode, told by the most severe of them with
the others as witnesses, and days or weeks in a row are one anomaly; what only goes back to where it
was is none, nor is a new level that an anomaly tells of; a metric that follows another (deliveries
follow orders) is not told where that one goes the same way; a slice is not told where its whole
goes the same way. Every number of a text stands in its figures, as it is printed and as the mart
has it. What the build before told already keeps its name and the day it was first told on, though
it moved on by some days since.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy.special import ndtr

from retail_analytics.monitoring.contrasts import (
    against_months_before,
    busiest_hours,
    busiest_weekday,
    by_sales_channel,
    by_segment,
    by_touches,
)
from retail_analytics.monitoring.episodes import episodes, newest_anomalies
from retail_analytics.monitoring.findings import (
    KEY,
    LEVEL_80,
    WEEK,
    Finding,
    leaders,
    most_digits,
    of_series,
    percent,
    printed,
)

# first days of one finding in two builds lie no further apart
SAME_DAYS = 13
# findings whose first day moves on with the data
WITHOUT_DAY = ("trend", "touches", "weekday", "hours", "sales_channel", "segment")

INSIGHT_COLUMNS = {
    "insight_id": "object",
    "template": "object",
    "metric": "object",
    "dimension": "object",
    "entity": "object",
    "is_better": "object",
    "text": "object",
    "recommendation": "object",
    "figures": "object",
    "source_table": "object",
    "money": "float64",
    "money_lower": "float64",
    "money_upper": "float64",
    "q_value": "float64",
    "confidence": "float64",
    "insight_rank": "int64",
    "is_shown": "bool",
    "is_new": "bool",
    "from_date": "datetime64[us]",
    "to_date": "datetime64[us]",
    "first_told_on": "datetime64[us]",
    "history_from": "datetime64[us]",
}


def insights(
    *,
    anomalies: pd.DataFrame,
    trends: pd.DataFrame,
    changes: pd.DataFrame,
    months: pd.DataFrame,
    journeys: pd.DataFrame,
    rules: pd.DataFrame,
    monthly_rules: pd.DataFrame,
    templates: pd.DataFrame,
    settings: dict,
    currency: str,
    as_of_date: date,
    history_from: date | None = None,
    drifts: pd.DataFrame | None = None,
    hours: pd.DataFrame | None = None,
    channels: pd.DataFrame | None = None,
    parcels: pd.DataFrame | None = None,
    memory: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """All insights of the day, the most important first.

    Parameters
    ----------
    anomalies, trends, changes: `metric_anomalies`, `metric_trends`, `change_points`.
    months: one row per month with order_count, revenue, revenue_squares (of orders) of complete
        months; journeys: one row per touch count (1, 2, 3 or more) with journey_count and
        converted_count of closed ones.
    rules, monthly_rules: daily_metrics and metrics, with `label`, `unit` and `follows`.
    templates: template, sentence, recommendation. settings: insight_days, insight_change_days,
        insights_most, false_discovery_rate. currency: what amounts are called.
    drifts: `feature_drift`; hours: `int_order_hours`; channels: one row per sales channel with
        order_count, revenue and revenue_squares of the last year; parcels: one row per month and
        segment with customer_count, of those whose last parcel came then, and late_count of them;
        memory: the insights of the build before.

    Returns
    -------
    One row per insight; `is_shown` is true of the first `insights_most`, `is_new` of those that no
    build of an earlier day told.
    """
    names = labels(rules, monthly_rules, currency)
    news = newest_anomalies(anomalies, settings, as_of_date)
    found = [
        *episodes(news, names),
        *level_changes(changes, news, names, settings, as_of_date),
        *clear_trends(trends, names),
        *against_months_before(months, settings, currency),
        *by_touches(journeys, settings, as_of_date),
        *busiest_weekday(hours, settings, as_of_date),
        *busiest_hours(hours, as_of_date),
        *by_sales_channel(channels, settings, currency, as_of_date),
        *by_segment(parcels, settings, as_of_date),
        *drifting(drifts, settings, as_of_date),
    ]
    sentences = templates.set_index("template")
    rows = []
    for one in found:
        printed = {name: text for name, (_, text) in one.figures.items()}
        better = "better" if one.is_better else "worse"
        recommendation = sentences[f"recommendation_{better}"][one.template]
        text = sentences["sentence"][one.template].format(**printed)
        rows.append(
            {
                "insight_id": id_of(one),
                "template": one.template,
                "metric": one.metric,
                "dimension": one.dimension,
                "entity": one.entity,
                "is_better": one.is_better,
                "text": text[:1].upper() + text[1:],
                "recommendation": recommendation,
                "figures": json.dumps(
                    {
                        name: {"value": value, "printed": text}
                        for name, (value, text) in one.figures.items()
                    },
                    sort_keys=True,
                    # numbers of numpy
                    default=lambda number: number.item(),
                ),
                "source_table": one.source_table,
                "money": one.money,
                "money_lower": one.money_lower,
                "money_upper": one.money_upper,
                "q_value": one.q_value,
                "confidence": 1 - one.q_value,
                "weight": one.weight,
                "from_date": pd.Timestamp(one.from_date),
                "to_date": pd.Timestamp(one.to_date),
            }
        )
    frame = pd.DataFrame(rows, columns=[*INSIGHT_COLUMNS, "weight"])
    frame = with_memory(frame, memory, as_of_date)
    frame["history_from"] = pd.Timestamp(history_from or as_of_date)
    frame = frame.sort_values(["weight", "insight_id"], ascending=[False, True], ignore_index=True)
    frame["insight_rank"] = np.arange(1, len(frame) + 1)
    frame["is_shown"] = frame["insight_rank"] <= settings["insights_most"]
    return frame[list(INSIGHT_COLUMNS)].astype(INSIGHT_COLUMNS)


def id_of(one: Finding) -> str:
    """Kind, metric, slice and first day, or side where the first day moves on with the data."""
    day = f"{one.from_date:%Y-%m-%d}"
    side = "better" if one.is_better else "worse"
    end = side if one.template in WITHOUT_DAY else day
    return f"{one.template}:{one.metric}:{one.dimension}:{one.entity}:{end}"


def with_memory(frame: pd.DataFrame, memory: pd.DataFrame | None, as_of_date: date) -> pd.DataFrame:
    """`first_told_on`, `is_new` and the id under which a finding was told before.

    A finding is the same where kind, metric, slice and side are, and its first day lies no more
    than SAME_DAYS from that of then.
    """
    frame = frame.assign(first_told_on=pd.Timestamp(as_of_date), is_new=True)
    if memory is None or memory.empty or frame.empty:
        return frame
    alike = ["template", *KEY, "is_better"]
    known = {key: rows for key, rows in memory.groupby(alike, sort=False)}
    taken: set[str] = set()
    for place, row in frame.sort_values("from_date").iterrows():
        rows = known.get(tuple(row[name] for name in alike))
        if rows is None:
            continue
        distance = (pd.to_datetime(rows["from_date"]) - row["from_date"]).abs().dt.days
        is_same = (distance <= SAME_DAYS) | (row["template"] in WITHOUT_DAY)
        rows = rows[is_same & ~rows["insight_id"].isin(taken)]
        if rows.empty:
            continue
        same = rows.loc[distance[rows.index].idxmin()]
        taken.add(str(same["insight_id"]))
        told = pd.Timestamp(same["first_told_on"])
        frame.loc[place, ["insight_id", "first_told_on"]] = [same["insight_id"], told]
        frame.loc[place, "is_new"] = told >= pd.Timestamp(as_of_date)
    return frame


def drifting(drifts: pd.DataFrame | None, settings: dict, as_of_date: date) -> Iterator[Finding]:
    """Features that are spread otherwise than before, each told by its first week of late."""
    if drifts is None:
        return
    is_told = (drifts["status"] == "drift") & (drifts["psi"] >= settings["drift_told_psi"])
    found = drifts[is_told].assign(
        starts_on=lambda rows: pd.to_datetime(rows["starts_on"]).dt.date,
        ends_on=lambda rows: pd.to_datetime(rows["ends_on"]).dt.date,
    )
    newest = found["ends_on"] > as_of_date - timedelta(days=settings["insight_days"])
    for feature, rows in found[newest].sort_values("starts_on").groupby("feature", sort=True):
        row = rows.iloc[0]
        name = str(feature).replace("_", " ")
        yield Finding(
            template="drift",
            metric=str(feature),
            is_better=False,
            source_table="marts.feature_drift",
            from_date=row["starts_on"],
            to_date=rows.iloc[-1]["ends_on"],
            figures={
                "label": (str(feature), name),
                "bin": (row["moved_bin"], f"{row['moved_bin']}"),
                "when": (str(row["starts_on"]), f"{row['starts_on']:%Y-%m-%d}"),
                "after": (row["share_now"], printed(float(row["share_now"]), "share")),
                "before": (row["share_before"], printed(float(row["share_before"]), "share")),
            },
            q_value=float(row["q_value"]),
            weight=2 + min(2 * float(row["psi"]), 5),
        )


def labels(rules: pd.DataFrame, monthly_rules: pd.DataFrame, currency: str) -> dict[str, dict]:
    """label, unit, kind and follows of every metric; the daily rule where both have one."""
    monthly = monthly_rules.assign(kind=None)[["metric", "label", "unit", "follows", "kind"]]
    daily = rules[["metric", "label", "unit", "follows", "kind"]]
    both = pd.concat([monthly, daily]).drop_duplicates("metric", keep="last")
    both["unit"] = both["unit"].replace({"currency": currency})
    both = both.astype(object).where(both.notna(), None)
    return both.set_index("metric").to_dict("index")


def without_echoes(frame: pd.DataFrame, names: dict) -> pd.DataFrame:
    """Rows (metric, dimension, entity, direction) without slices of a whole and followers of a
    metric that go the same way."""
    wholes = set(
        frame.loc[frame["dimension"] == "all", ["metric", "direction"]].itertuples(
            index=False, name=None
        )
    )
    keep = []
    for row in frame.itertuples():
        led_by = leaders(names, row.metric, row.direction)
        is_slice = row.dimension != "all" and (row.metric, row.direction) in wholes
        is_led = any(
            (other.metric, other.direction) in led_by
            and (other.dimension == "all" or other.entity == row.entity)
            for other in frame.itertuples()
        )
        keep.append(not is_slice and not is_led)
    return frame[np.array(keep, dtype=bool)]


def level_changes(
    changes: pd.DataFrame, news: pd.DataFrame, names: dict, settings: dict, as_of_date: date
) -> Iterator[Finding]:
    """Changes of level of the last months whose season is known and whose interval leaves out 0,
    but for those of which anomalies tell."""
    if changes.empty:
        return
    frame = changes.assign(changed_on=pd.to_datetime(changes["changed_on"]).dt.date)
    newest = frame["changed_on"] > as_of_date - timedelta(days=settings["insight_change_days"])
    sure = frame["is_season_known"] & (frame["size_lower"] * frame["size_upper"] > 0)
    is_told = np.array([is_in(row, news) for row in frame.itertuples()], dtype=bool)
    for row in without_echoes(frame[newest & sure & ~is_told], names).itertuples():
        unit = names[row.metric]["unit"]
        unit += " per week" if names[row.metric]["kind"] in ("count", "sum") else ""
        digits = most_digits(row.metric, names)
        error = (row.size_upper - row.size_lower) / 2 / LEVEL_80
        yield of_series(
            row,
            names,
            {
                "when": (str(row.changed_on), f"{row.changed_on:%Y-%m-%d}"),
                "before": (row.level_before, printed(row.level_before, unit, most_digits=digits)),
                "after": (
                    row.level_after,
                    printed(row.level_after, unit, has_unit=False, most_digits=digits),
                ),
            },
            template="level_change",
            source_table="marts.change_points",
            from_date=row.changed_on,
            to_date=as_of_date,
            q_value=float(2 * ndtr(-abs(row.size) / error)) if error > 0 else 0.0,
            weight=3 + min(abs(row.size_pct or 0) / 50, 3),
        )


def is_in(change: tuple, news: pd.DataFrame) -> bool:
    """Whether an anomaly of the metric, of the series itself or the whole, went the same way in the
    week of the change."""
    side = "above" if change.direction == "up" else "below"
    same = (news["metric"] == change.metric) & (news["direction"] == side)
    same &= (news["dimension"] == "all") | (
        (news["dimension"] == change.dimension) & (news["entity"] == change.entity)
    )
    near = (news["run_from"] <= change.changed_on + WEEK) & (news["run_to"] >= change.changed_on)
    return bool((same & near).any())


def clear_trends(trends: pd.DataFrame, names: dict) -> Iterator[Finding]:
    """Trends that stand the false discovery rate."""
    clear = trends[trends["direction"].isin(["rising", "falling"])]
    for row in without_echoes(clear, names).itertuples():
        unit = names[row.metric]["unit"]
        per_year = 12 * row.slope_per_month
        months = int(row.month_count)
        yield of_series(
            row,
            names,
            {
                "direction": (row.direction, row.direction),
                "months": (months, f"{months} months"),
                "slope": (row.slope_per_month, printed(abs(row.slope_per_month), unit)),
                "slope_pct": (row.slope_pct_per_month, percent(row.slope_pct_per_month)),
            },
            template="trend",
            source_table="marts.metric_trends",
            from_date=pd.Timestamp(row.from_month).date(),
            to_date=pd.Timestamp(row.to_month).date(),
            q_value=float(row.q_value),
            money=per_year if row.metric == "revenue" else np.nan,
            money_lower=12 * row.slope_per_month_lower if row.metric == "revenue" else np.nan,
            money_upper=12 * row.slope_per_month_upper if row.metric == "revenue" else np.nan,
            weight=2 + min(abs(row.slope_pct_per_month) / 2, 3),
        )
