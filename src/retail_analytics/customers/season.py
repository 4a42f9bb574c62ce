"""The season of trade: how much more or less often known customers buy in each month of the year.

Orders of a shop rise and fall with its number of customers and with how long they have been
customers. What is left is the season. Repeat purchases of the customers who first bought in month c
are modelled as Poisson counts in month m,

    customers(c) x days(m) x rate(months since c) x index(calendar month of m),

the logarithm of the rate being linear between TENURE_KNOTS. The index is then shrunk towards 1 by
how well the years agree with each other (a one-way random effects model of the monthly logarithms;
Searle, Casella and McCulloch 1992): a month of the year that was high once and low once says
nothing, and a shop without a season gets an index of 1.

`TradeYear` turns days into days of trade: a day in a month of index 2 counts twice. In days of
trade the purchases of a customer come at an even pace, so that the purchase models, which know no
season, hold there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

MONTHS = 12
# a month of the year must have been seen twice, or nothing tells a season from a single event
FEWEST_MONTHS = 24
FEWEST_PURCHASES = 100
TENURE_KNOTS = np.array([0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0])
RIDGE = 1e-3
STEPS = 50
INDEX_LIMITS = (0.1, 10.0)

MONTH_COLUMNS = ["cohort_month", "month", "customer_count", "purchase_count"]
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class TradeYear:
    """Index of trade by calendar month, January first; of mean 1 over the days of a year.

    common_sd: standard deviation of a month's repeat purchases around what customers and season
    give, relative to them, beyond counting error; what all customers share. None where unknown.
    """

    index: tuple[float, ...] = (1.0,) * MONTHS
    is_known: bool = False
    common_sd: float | None = None

    def days(self, first: pd.Timestamp, last: pd.Timestamp) -> float:
        """Days of trade from the end of `first` to the end of `last`."""
        return float(self.running(pd.date_range(first, last, freq="D"))[-1])

    def running(self, dates: pd.DatetimeIndex) -> Array:
        """Days of trade from the end of the first of these consecutive days to the end of each."""
        pace = np.asarray(self.index)[dates.month.to_numpy() - 1]
        pace[0] = 0.0
        return np.cumsum(pace)


def trade_year(months: pd.DataFrame, *, days: Mapping[pd.Timestamp, float]) -> TradeYear:
    """The season that repeat purchases show; index 1 where they cannot show any.

    months: one row per cohort_month and month at or after it with customer_count (customers of the
    cohort) and purchase_count (their repeat purchases in the month). days: the days of each month
    that the data cover, in order.
    """
    for column in MONTH_COLUMNS:
        if column not in months.columns:
            raise ValueError(f"{column}: column is missing")
    whole = [month for month, covered in days.items() if covered >= month.days_in_month]
    months = months[months["month"].isin(whole)].sort_values(["cohort_month", "month"])
    count = months["purchase_count"].to_numpy(dtype=float)
    if len(whole) < FEWEST_MONTHS or count.sum() < FEWEST_PURCHASES:
        return TradeYear()

    number = pd.PeriodIndex(months["month"], freq="M").astype("int64").to_numpy()
    tenure = number - pd.PeriodIndex(months["cohort_month"], freq="M").astype("int64").to_numpy()
    calendar = number % MONTHS
    exposure = months["customer_count"].to_numpy(dtype=float)
    exposure = exposure * pd.DatetimeIndex(months["month"]).days_in_month.to_numpy()
    design = np.hstack([hats(np.log1p(tenure)), np.eye(MONTHS)[calendar]])
    effects = poisson_fit(design, count, np.log(exposure))

    by_tenure = exposure * np.exp(design[:, :-MONTHS] @ effects[:-MONTHS])
    known, member = np.unique(number, return_inverse=True)
    found, expected = (np.bincount(member, weights=values) for values in (count, by_tenure))
    # half a purchase keeps the logarithm of a month without any
    ratio = np.log((found + 0.5) / (expected + 0.5))
    index, spread = shrunken_months(ratio, known % MONTHS, luck=1 / (found + 0.5), time=known)
    index = np.clip(np.exp(index), *INDEX_LIMITS)
    lengths = pd.date_range("2023-01-01", periods=MONTHS, freq="MS").days_in_month.to_numpy()
    index = index / np.average(index, weights=lengths)
    return TradeYear(tuple(float(value) for value in index), True, spread)


def hats(values: Array) -> Array:
    """Weights of linear interpolation between the knots, on the scale of log(1 + months)."""
    knots = np.log1p(TENURE_KNOTS)
    return np.column_stack([np.interp(values, knots, row) for row in np.eye(len(knots))])


def poisson_fit(design: Array, count: Array, offset: Array) -> Array:
    """Effects of a Poisson regression with log link and a slight ridge, by Newton's method."""
    effects = np.zeros(design.shape[1])
    level = np.log(count.sum() / np.exp(offset).sum())
    penalty = RIDGE * np.eye(design.shape[1])

    def fitness(values: Array) -> float:
        log_mean = np.clip(design @ values + offset + level, -50, 50)
        return float(count @ log_mean - np.exp(log_mean).sum() - RIDGE * values @ values / 2)

    reached = fitness(effects)
    for _ in range(STEPS):
        mean = np.exp(np.clip(design @ effects + offset + level, -50, 50))
        gradient = design.T @ (count - mean) - RIDGE * effects
        step = np.linalg.solve((design * mean[:, None]).T @ design + penalty, gradient)
        while (new := fitness(effects + step)) < reached and np.abs(step).max() > 1e-9:
            step = step / 2
        effects, reached = effects + step, new
        if np.abs(step).max() < 1e-8:
            break
    # the level belongs to the rates
    effects[: len(TENURE_KNOTS)] += level
    return effects


def shrunken_months(
    ratio: Array, calendar: NDArray[np.int_], *, luck: Array, time: Array
) -> tuple[Array, float]:
    """Mean logarithm of each month of the year, shrunk towards that of all; and the sd of a month
    of one year around it, beyond `luck` (the variance of each value that counting alone gives).

    A straight line through time is taken off, so that growth is no season.
    """
    dummies = np.eye(MONTHS)[calendar]
    line = (time - time.mean())[:, None] / MONTHS
    design = np.hstack([dummies, line])
    weight = 1 / np.sqrt(luck + np.median(luck))
    effects = np.linalg.lstsq(design * weight[:, None], ratio * weight, rcond=None)[0]
    rest = ratio - design @ effects
    # of so many values, so many are free
    free = len(ratio) - np.linalg.matrix_rank(design)
    within = float(rest @ rest / free) if free > 0 else float("nan")
    seen = dummies.sum(axis=0)
    means = effects[:MONTHS]
    centre = np.average(means, weights=seen)
    between = max(0.0, float(np.var(means, ddof=1) - within * np.mean(1 / np.maximum(seen, 1))))
    share = between / (between + within / np.maximum(seen, 1)) if between > 0 else np.zeros(MONTHS)
    return (means - centre) * share, float(np.sqrt(max(within - luck.mean(), 0.0)))


def trade_days(
    months: pd.DataFrame, *, history_dates: pd.DataFrame, ahead_days: int
) -> pd.DataFrame:
    """One row per purpose and day from the first purchase to `ahead_days` after the last day.

    months: purpose and, where there were any, customer_count (new customers) and purchase_count
    (repeat purchases) by cohort_month and month. history_dates: purpose, first_ordered_on and
    as_of_date. Returns purpose, is_season_known, trade_index, trade_days and date_day.
    """
    tables = []
    for purpose, dates in history_dates.groupby("purpose", sort=True):
        first, last = (pd.Timestamp(dates[name].iloc[0]) for name in DATE_COLUMNS)
        own = months[months["purpose"] == purpose]
        year = trade_year(filled(own, last=last), days=covered_days(first, last))
        days = pd.date_range(first, last + pd.Timedelta(days=ahead_days), freq="D")
        tables.append(
            pd.DataFrame(
                {
                    "purpose": purpose,
                    "is_season_known": year.is_known,
                    "trade_index": np.asarray(year.index)[days.month.to_numpy() - 1],
                    "trade_days": year.running(days),
                    "date_day": days,
                }
            )
        )
    if not tables:
        return pd.DataFrame(columns=TRADE_DAY_COLUMNS)
    return pd.concat(tables, ignore_index=True)


DATE_COLUMNS = ["first_ordered_on", "as_of_date"]
TRADE_DAY_COLUMNS = ["purpose", "is_season_known", "trade_index", "trade_days", "date_day"]


def covered_days(first: pd.Timestamp, last: pd.Timestamp) -> dict[pd.Timestamp, int]:
    """Days of each month from the first day to the last."""
    days = pd.date_range(first, last, freq="D")
    return days.to_period("M").to_timestamp().value_counts().sort_index().to_dict()


def filled(months: pd.DataFrame, *, last: pd.Timestamp) -> pd.DataFrame:
    """Every cohort in every month from its own on, with the size of the cohort throughout."""
    months = months.assign(**{name: pd.to_datetime(months[name]) for name in MONTH_COLUMNS[:2]})
    sizes = months.groupby("cohort_month")["customer_count"].sum()
    found = months.set_index(MONTH_COLUMNS[:2])["purchase_count"]
    every = [
        (cohort, month)
        for cohort in sizes.index
        for month in pd.date_range(cohort, last, freq="MS")
    ]
    table = pd.DataFrame(every, columns=MONTH_COLUMNS[:2])
    keys = pd.MultiIndex.from_frame(table)
    return table.assign(
        customer_count=sizes.reindex(table["cohort_month"]).to_numpy(),
        purchase_count=found.reindex(keys).fillna(0).to_numpy(),
    )
