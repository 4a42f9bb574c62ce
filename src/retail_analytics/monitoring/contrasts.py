"""Contrasts of the shop with itself: months, days of the week, hours, channels, segments and
contacts."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import ndtr

from retail_analytics.monitoring.findings import (
    LEVEL_80,
    Finding,
    of_month,
    printed,
    signed_percent,
    told_ratio,
)

# a month with a smaller share of the orders of a year before is a part of one, or of a file
FEWEST_SHARE = 0.1
# weeks that a pattern of days is read from, orders that one of hours is, orders of a channel,
# customers of a segment
FEWEST_WEEKS, FEWEST_ORDERS, FEWEST_OF_CHANNEL, FEWEST_OF_SEGMENT = 26, 1000, 30, 30
# how much larger one side must be to be told: a day of the week, any other
LEAST_OF_DAYS, LEAST_RATIO = 1.5, 1.25
# orders per day between two days of the week from which on anybody plans people by it
FEWEST_APART = 5.0
# hours that half of the orders may take to be told, and the share that one hour may have: more is
# the hour of those whose times are days
MOST_HOURS, MOST_OF_HOUR = 6, 0.5
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def against_months_before(months: pd.DataFrame, settings: dict, currency: str) -> Iterator[Finding]:
    """The newest complete month against that of a year before; where that says nothing, against
    the month before it."""
    told = list(against_last_year(months, settings, currency))
    yield from told or against_last_month(months, settings, currency)


def against_last_year(months: pd.DataFrame, settings: dict, currency: str) -> Iterator[Finding]:
    """The newest complete month against that of a year before, orders and their value apart."""
    frame = months.assign(month=pd.to_datetime(months["month"])).set_index("month").sort_index()
    if frame.empty:
        return
    newest = frame.index[-1]
    before = newest - pd.DateOffset(years=1)
    if before not in frame.index:
        return
    now, then = frame.loc[newest], frame.loc[before]
    figures = [now["order_count"], then["order_count"], now["revenue"], then["revenue"]]
    if any(not value > 0 for value in figures):
        return
    if now["order_count"] < FEWEST_SHARE * then["order_count"]:
        yield of_month(
            newest,
            {
                "orders": (float(now["order_count"]), printed(now["order_count"], "orders")),
                "before": (float(then["order_count"]), f"{then['order_count']:,.0f}"),
            },
            template="month_in_part",
            metric="order_count",
            is_better=False,
            q_value=0.0,
            weight=8.0,
        )
        return
    change = now["revenue"] - then["revenue"]
    # a sum over orders that come at random has the sum of their squares as variance
    error = np.sqrt(now["revenue_squares"] + then["revenue_squares"])
    p_value = float(2 * ndtr(-abs(change) / error))
    if p_value > settings["false_discovery_rate"]:
        return
    orders = 100 * (now["order_count"] / then["order_count"] - 1)
    mean_now = now["revenue"] / now["order_count"]
    value = 100 * (mean_now / (then["revenue"] / then["order_count"]) - 1)
    share = 100 * change / then["revenue"]
    yield of_month(
        newest,
        {
            "revenue": (float(now["revenue"]), printed(float(now["revenue"]), currency)),
            "revenue_before": (float(then["revenue"]), printed(float(then["revenue"]), currency)),
            "change_pct": (float(share), signed_percent(share)),
            "orders_pct": (float(orders), signed_percent(orders)),
            "value_pct": (float(value), signed_percent(value)),
        },
        template="year_before",
        metric="revenue",
        is_better=bool(change > 0),
        q_value=p_value,
        money=float(change),
        money_lower=float(change - LEVEL_80 * error),
        money_upper=float(change + LEVEL_80 * error),
        weight=3 + min(abs(share) / 20, 3) + (0 if change > 0 else 1),
    )


def by_touches(journeys: pd.DataFrame, settings: dict, as_of_date: date) -> Iterator[Finding]:
    """How much more often journeys of three contacts and more end in an order than shorter ones."""
    is_long = journeys["touch_count"] >= 3
    many = journeys[is_long][["journey_count", "converted_count"]].sum()
    few = journeys[~is_long][["journey_count", "converted_count"]].sum()
    if min(many["converted_count"], few["converted_count"]) < 10:
        return
    share_many = many["converted_count"] / many["journey_count"]
    share_few = few["converted_count"] / few["journey_count"]
    ratio = float(share_many / share_few)
    error = np.sqrt(
        1 / many["converted_count"]
        - 1 / many["journey_count"]
        + 1 / few["converted_count"]
        - 1 / few["journey_count"]
    )
    found = told_ratio(ratio, error, least=LEAST_RATIO, settings=settings)
    if found is None:
        return
    q_value, figures = found
    yield Finding(
        template="touches",
        metric="conversion",
        dimension="touch_count",
        entity="3 and more",
        is_better=ratio > 1,
        source_table="marts.journeys",
        from_date=as_of_date,
        to_date=as_of_date,
        figures={
            "many": (3, "three"),
            **figures,
            "share_many": (float(share_many), printed(float(share_many), "share")),
            "share_few": (float(share_few), printed(float(share_few), "share")),
        },
        q_value=q_value,
        weight=2.5 + min(abs(np.log2(ratio)), 2),
    )


def against_last_month(months: pd.DataFrame, settings: dict, currency: str) -> Iterator[Finding]:
    """Revenue per day of the newest complete month (orders where an order's is unknown) against the
    month before; where the same months of a year before are known, against the step between
    those."""
    frame = months.assign(month=pd.to_datetime(months["month"])).set_index("month").sort_index()
    if frame.empty:
        return
    steps = [frame.index[-1], frame.index[-1] - pd.DateOffset(months=1)]
    then = [month - pd.DateOffset(years=1) for month in steps]
    # a sum over orders that come at random has the sum of their squares as variance
    for metric, label, unit, variance in (
        ("revenue", "revenue", currency, "revenue_squares"),
        ("order_count", "orders", "orders", "order_count"),
    ):
        known = frame.index[frame[metric].astype(float) > 0]
        if not set(steps) <= set(known):
            continue
        has_year = set(then) <= set(known)
        used = frame.loc[[*steps, *(then if has_year else [])]].astype(float)
        per_day = (used[metric] / used.index.days_in_month).tolist()
        error = float(np.sqrt((used[variance] / used[metric] ** 2).sum()))
        yield from month_before(steps[0], metric, label, unit, per_day, error, settings)
        return


def month_before(
    month: pd.Timestamp,
    metric: str,
    label: str,
    unit: str,
    per_day: list[float],
    error: float,
    settings: dict,
) -> Iterator[Finding]:
    """The finding of a month, where it is one. per_day: of it and the month before, and of both a
    year before where they are known; error: standard error of the logarithm of their step."""
    has_year = len(per_day) == 4
    step = per_day[0] / per_day[1]
    usual = per_day[2] / per_day[3] if has_year else 1.0
    p_value = float(2 * ndtr(-abs(np.log(step / usual)) / error))
    if p_value > settings["false_discovery_rate"] or 0.9 < step / usual < 1.1:
        return
    pct, usual_pct = 100 * (step - 1), 100 * (usual - 1)
    season = (
        f"; a year before the same step was {signed_percent(usual_pct)}"
        if has_year
        else "; whether that is the season a second year will say"
    )
    yield of_month(
        month,
        {
            "label": (metric, label),
            "value": (per_day[0], printed(per_day[0], unit)),
            "before": (per_day[1], printed(per_day[1], "")),
            "change_pct": (pct, signed_percent(pct)),
            "usual_pct": (usual_pct, signed_percent(usual_pct)) if has_year else (None, ""),
            "season": (None, season),
        },
        template="month_before",
        metric=metric,
        is_better=bool(step > usual),
        q_value=p_value,
        weight=(3 if has_year else 2) + min(abs(np.log(step / usual)) * 5, 3) + (step < usual),
    )


def busiest_weekday(
    hours: pd.DataFrame | None, settings: dict, as_of_date: date
) -> Iterator[Finding]:
    """The day of the week with most orders against that with fewest, of those that are open."""
    if hours is None or hours.empty:
        return
    days = hours.groupby(pd.to_datetime(hours["ordered_on"]))["order_count"].sum()
    # whole weeks up to the newest day
    weeks = (days.index.max() - days.index.min()).days // 7
    if weeks < FEWEST_WEEKS:
        return
    every = pd.date_range(days.index.max() - pd.Timedelta(days=7 * weeks - 1), days.index.max())
    table = days.reindex(every, fill_value=0).to_numpy().reshape(weeks, 7).astype(float)
    places = [day.weekday() for day in every[:7]]
    opened = np.flatnonzero((table > 0).mean(axis=0) >= 0.5)
    means = table.mean(axis=0)
    if len(opened) < 2:
        return
    most, least = (int(pick(opened, key=lambda day: means[day])) for pick in (max, min))
    if means[most] - means[least] < FEWEST_APART:
        return
    ratio = float(means[most] / means[least])
    # both days of one week share its level, so that the weeks' differences are what is unsure
    gap = table[:, most] / means[most] - table[:, least] / means[least]
    error = float(gap.std(ddof=1) / np.sqrt(weeks))
    pairs = len(opened) * (len(opened) - 1) // 2
    found = told_ratio(ratio, error, least=LEAST_OF_DAYS, settings=settings, tests=pairs)
    if found is None:
        return
    q_value, figures = found
    busiest, quietest = WEEKDAYS[places[most]], WEEKDAYS[places[least]]
    yield Finding(
        template="weekday",
        metric="order_count",
        dimension="weekday",
        entity=busiest,
        is_better=True,
        source_table="marts.orders",
        from_date=every[0].date(),
        to_date=every[-1].date(),
        figures={
            "busiest": (busiest, busiest),
            "quietest": (quietest, quietest),
            **figures,
            "most": (float(means[most]), printed(float(means[most]), "")),
            "least": (float(means[least]), printed(float(means[least]), "")),
            "weeks": (weeks, f"{weeks} weeks"),
        },
        q_value=q_value,
        weight=1.5 + min(np.log2(ratio), 2),
    )


def busiest_hours(hours: pd.DataFrame | None, as_of_date: date) -> Iterator[Finding]:
    """The shortest stretch of hours of the day in which half of the orders come."""
    if hours is None or hours.empty:
        return
    counts = hours.groupby("hour")["order_count"].sum().reindex(range(24), fill_value=0).to_numpy()
    total = counts.sum()
    if total < FEWEST_ORDERS or counts.max() > MOST_OF_HOUR * total:
        return
    sums = np.r_[0, np.cumsum(counts)]
    spans = [
        (last - first, -(sums[last] - sums[first]), first, last)
        for first in range(24)
        for last in range(first + 1, 25)
        if sums[last] - sums[first] >= total / 2
    ]
    length, _, first, last = min(spans)
    if length > MOST_HOURS:
        return
    share = float((sums[last] - sums[first]) / total)
    z = (share - length / 24) / np.sqrt(0.25 / total)
    yield Finding(
        template="hours",
        metric="order_count",
        dimension="hour",
        entity=f"{first} to {last}",
        is_better=True,
        source_table="marts.orders",
        from_date=pd.to_datetime(hours["ordered_on"]).min().date(),
        to_date=as_of_date,
        figures={
            "share": (share, printed(share, "share")),
            "first": (int(first), f"{first}:00"),
            "last": (int(last), f"{last}:00"),
            "orders": (int(total), f"{int(total):,} orders"),
        },
        q_value=float(2 * ndtr(-z)),
        weight=1.5 + (MOST_HOURS - length) / MOST_HOURS,
    )


def by_sales_channel(
    channels: pd.DataFrame | None, settings: dict, currency: str, as_of_date: date
) -> Iterator[Finding]:
    """The sales channel whose orders are worth most, against all others."""
    if channels is None:
        return
    own = channels[channels["order_count"] >= FEWEST_OF_CHANNEL].dropna()
    if len(own) < 2:
        return
    mean = own["revenue"] / own["order_count"]
    best = mean.idxmax()
    sides = [
        own.loc[best],
        own.drop(index=best)[["order_count", "revenue", "revenue_squares"]].sum(),
    ]
    if any(not side["revenue"] > 0 for side in sides):
        return
    values = [float(side["revenue"] / side["order_count"]) for side in sides]
    variance = sum(
        (side["revenue_squares"] / side["order_count"] - value**2) / side["order_count"] / value**2
        for side, value in zip(sides, values, strict=True)
    )
    ratio, error = values[0] / values[1], float(np.sqrt(max(variance, 0.0)))
    found = told_ratio(ratio, error, least=LEAST_RATIO, settings=settings, tests=len(own), digits=2)
    if found is None:
        return
    q_value, figures = found
    channel = str(own.loc[best, "sales_channel"])
    yield Finding(
        template="sales_channel",
        metric="average_order_value",
        dimension="sales_channel",
        entity=channel,
        is_better=True,
        source_table="marts.orders",
        from_date=as_of_date,
        to_date=as_of_date,
        figures={
            "channel": (channel, channel),
            **figures,
            "value": (values[0], printed(values[0], currency)),
            "others": (values[1], printed(values[1], currency)),
        },
        q_value=q_value,
        weight=2 + min(np.log2(ratio) * 2, 2),
    )


def by_segment(parcels: pd.DataFrame | None, settings: dict, as_of_date: date) -> Iterator[Finding]:
    """The segment of customers whose last parcel was late more often than that of all others whose
    last one came in the same months (risk ratio of Mantel and Haenszel 1959, variance of Greenland
    and Robins 1985): segments go by how long ago the last order was, and parcels were not as late
    in every month."""
    if parcels is None:
        return
    counts = parcels.groupby("segment")["customer_count"].sum()
    segments = [str(name) for name in counts.index[counts >= FEWEST_OF_SEGMENT]]
    told = []
    for segment in segments:
        inside = parcels["segment"] == segment
        own, others = (
            parcels[side].groupby("month")[["customer_count", "late_count"]].sum()
            for side in (inside, ~inside)
        )
        months = own.join(others, how="inner", rsuffix="_others").astype(float)
        count, late, count_others, late_others = months.to_numpy().T
        total = count + count_others
        weighted, weighted_others = late * count_others / total, late_others * count / total
        if min(weighted.sum(), weighted_others.sum()) <= 0:
            continue
        spread = count * count_others * (late + late_others) / total**2 - late * late_others / total
        error = np.sqrt(spread.sum() / (weighted.sum() * weighted_others.sum()))
        ratio = float(weighted.sum() / weighted_others.sum())
        found = told_ratio(
            ratio, float(error), least=LEAST_RATIO, settings=settings, tests=len(segments)
        )
        if found is not None and ratio > 1:
            # what the others' share would be in the months of the segment
            shares = [float(late.sum() / count.sum()), float(late.sum() / count.sum() / ratio)]
            told.append((*found, segment, ratio, shares))
    if not told:
        return
    q_value, figures, segment, ratio, (share, usual) = min(told, key=lambda one: one[0])
    yield Finding(
        template="segment",
        metric="on_time_rate",
        dimension="segment",
        entity=segment,
        is_better=False,
        source_table="marts.deliveries",
        from_date=as_of_date,
        to_date=as_of_date,
        figures={
            "segment": (segment, segment),
            **figures,
            "share": (share, printed(share, "share")),
            "usual": (usual, printed(usual, "share")),
        },
        q_value=q_value,
        weight=2.5 + min(2 * np.log2(ratio), 3),
    )
