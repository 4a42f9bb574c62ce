"""Customer lifetime value: expected purchases x expected spend, with an interval.

Everything that depends on the history is computed for groups of histories (`grouping`); what
depends on the single customer is multiplication, and stays in SQL or in `customer_values`:

    expected_value = discounted_orders     x expected_spend x margin_rate
    value_lower    = discounted_spends_lower x expected_spend x margin_rate, the same for _upper

(where an order costs more than it brings in, the larger spend gives the lower bound).

Purchases are discounted continuously: one at s days from now counts (1 + rate)^(-s / 365.25).
A month is 365.25 / 12 days. Within a horizon the interval takes the mean discount of its
expected purchases.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from retail_analytics.customers.clv.checks import require_columns
from retail_analytics.customers.clv.fit import (
    BASELINES,
    INSUFFICIENT_DATA,
    MODELS,
    OK,
    SHORT_HISTORY,
    Fit,
)
from retail_analytics.customers.clv.gamma_gamma import (
    FIRST_PURCHASE_WEIGHT,
    expected_spend,
    known_purchases,
    spend_coefficients,
)
from retail_analytics.customers.clv.grouping import (
    BIN_COLUMNS,
    HISTORY_COLUMNS,
    bin_values,
    history_bins,
)
from retail_analytics.customers.clv.predictive import SpendSampler, count_distributions, predict
from retail_analytics.customers.clv.purchase_model import PurchaseModel

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
HORIZONS_MONTHS = (3, 6, 12, 24)
ANNUAL_DISCOUNT_RATE = 0.10
SPEND_COLUMNS = ["repeat_mean_spend", "first_spend"]
SPEND_COEFFICIENTS = ["spend_level", "repeat_spend_share", "first_spend_share"]

SCORE_COLUMNS = [
    "p_alive",
    "monthly_retention_rate",
    "expected_orders",
    "orders_lower",
    "orders_upper",
    "discounted_orders",
    "discounted_spends_lower",
    "discounted_spends_upper",
    "discounted_spends_sd",
    "common_sd",
    *SPEND_COEFFICIENTS,
]
# how many times as far as customers were watched one may look ahead
MOST_HISTORIES = 2.5
DayCount = Callable[[float], float]


def score_histories(
    groups: pd.DataFrame,
    *,
    fit: Fit,
    spend_fit: Fit,
    horizons_months: Sequence[float] = HORIZONS_MONTHS,
    annual_discount_rate: float = ANNUAL_DISCOUNT_RATE,
    expected_only_days: Sequence[int] = (),
    trade_days: DayCount | None = None,
    rate_variance: float = 0.0,
    common_sds: Mapping[int, float] | None = None,
    level: float = 0.80,
    draws: int = 512,
    seed: int = 20_240_601,
) -> pd.DataFrame:
    """One row per group of histories and horizon: what one customer of the group is expected to do.

    `groups` has the BIN_COLUMNS and resolution of `group_histories`, `fit` is of any purchase model
    or baseline, `spend_fit` of a spend model. For `expected_only_days` ahead there are no intervals
    and no horizon_months. `trade_days` turns days ahead into days of trade, in which the histories
    are; `rate_variance` is that of `purchase_model.widened`; `common_sds` is what `totals` found,
    by days ahead. Returns BIN_COLUMNS, horizon_days, horizon_months, SCORE_COLUMNS, method, status,
    sorted by key:

    - p_alive, and monthly_retention_rate = P(alive in a month | alive now); null for baselines;
    - expected_orders within the horizon, with the interval of their number;
    - discounted_orders, and the interval of the discounted spend, both in units of the customer's
      expected spend per purchase;
    - the level and the shares that give a customer's expected spend per purchase
      (`gamma_gamma.spend_coefficients`);
    - discounted_spends_sd, its standard deviation for one customer, and common_sd, that of a
      total of many customers relative to it (`totals`).

    Bounds are widened to the expected value where it lies outside: where nothing at all is by far
    the likeliest, the shortest range is that one point and the mean is above it.
    `short_history`: the horizon is longer than the longest age that was observed. Longer than
    MOST_HISTORIES of them it has no value at all: of a month nobody knows who stays for years.
    """
    require_columns(groups, [*BIN_COLUMNS, "resolution"])
    groups = groups.sort_values(BIN_COLUMNS, ignore_index=True)
    days = [*(months * DAYS_PER_MONTH for months in horizons_months), *expected_only_days]
    months = [*map(float, horizons_months), *([np.nan] * len(expected_only_days))]
    table = pd.concat(
        [
            groups[BIN_COLUMNS].assign(horizon_days=round(ahead), horizon_months=month)
            for ahead, month in zip(days, months, strict=True)
        ],
        ignore_index=True,
    )
    table[SCORE_COLUMNS] = np.nan
    table["method"] = fit.model
    table["status"] = INSUFFICIENT_DATA
    if fit.status == OK and len(groups):
        values = _scores(
            groups,
            fit=fit,
            spend_fit=spend_fit if spend_fit.status == OK else None,
            days=days,
            interval_count=len(horizons_months),
            trade_days=trade_days or float,
            annual_discount_rate=annual_discount_rate,
            rate_variance=rate_variance,
            common_sds=common_sds or {},
            level=level,
            draws=draws,
            seed=seed,
        )
        for name, array in values.items():
            table[name] = array.ravel()
        if spend_fit.status == OK:
            is_long = table["horizon_days"] > fit.longest_age_days
            table["status"] = np.where(is_long, SHORT_HISTORY, OK)
            is_unseen = table["horizon_months"].notna() & (
                table["horizon_days"] > MOST_HISTORIES * fit.longest_age_days
            )
            table.loc[is_unseen, "status"] = INSUFFICIENT_DATA
            table.loc[is_unseen, SCORE_COLUMNS] = np.nan
    return table.sort_values([*BIN_COLUMNS, "horizon_days"], ignore_index=True)


def _scores(
    groups: pd.DataFrame,
    *,
    fit: Fit,
    spend_fit: Fit | None,
    days: Sequence[float],
    interval_count: int,
    trade_days: DayCount,
    annual_discount_rate: float,
    rate_variance: float,
    common_sds: Mapping[int, float],
    level: float,
    draws: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Arrays of SCORE_COLUMNS, horizons x groups; intervals for the first horizons only."""
    model = {**MODELS, **BASELINES}[fit.model]
    history = bin_values(groups, time_unit_days=fit.time_unit_days)
    horizons = np.array([trade_days(ahead) for ahead in days]) / fit.time_unit_days
    # Money is discounted by the calendar: spread over the days of trade of each horizon.
    daily_rate = np.log1p(annual_discount_rate) / DAYS_PER_YEAR
    discount_rates = [
        daily_rate * ahead / horizon for ahead, horizon in zip(days, horizons, strict=True)
    ]
    shape = (len(horizons), len(groups))

    expected = np.stack(
        [model.expected_purchases(fit.array, horizon=h, **history) for h in horizons]
    )
    discounted = np.stack(
        [
            model.expected_purchases(fit.array, horizon=h, discount_rate=rate, **history)
            for h, rate in zip(horizons, discount_rates, strict=True)
        ]
    )
    shown = slice(0, interval_count)
    orders, spends, variance = predict(
        count_distributions(
            model, fit, horizons=horizons[shown], rate_variance=rate_variance, **history
        ),
        shape=(interval_count, shape[1]),
        sampler=spend_fit and SpendSampler(spend_fit, draws=draws, seed=seed),
        purchase_count=history["frequency"] + FIRST_PURCHASE_WEIGHT,
        level=level,
        draws=draws,
    )
    mean_discount = np.divide(discounted, expected, out=np.ones(shape), where=expected > 0)[shown]
    own_variance = np.maximum(variance - rate_variance * expected[shown] ** 2, 0.0)
    bounds = {
        "orders_lower": np.minimum(orders.lower, expected[shown]),
        "orders_upper": np.maximum(orders.upper, expected[shown]),
        "discounted_spends_lower": np.minimum(spends.lower * mean_discount, discounted[shown]),
        "discounted_spends_upper": np.maximum(spends.upper * mean_discount, discounted[shown]),
        "discounted_spends_sd": np.sqrt(own_variance) * mean_discount,
        "common_sd": np.broadcast_to(
            _common_sds(
                model,
                groups,
                fit=fit,
                spend_fit=spend_fit,
                days=days[shown],
                horizons=horizons[shown],
                common_sds=common_sds,
            )[:, None],
            variance.shape,
        ),
    }
    values = {name: np.full(shape, np.nan) for name in bounds}
    for name, bound in bounds.items():
        values[name][shown] = bound
    values |= {"expected_orders": expected, "discounted_orders": discounted}
    if spend_fit is not None:
        found = spend_coefficients(spend_fit.parameters, frequency=history["frequency"])
        for name, coefficient in zip(SPEND_COEFFICIENTS, found, strict=True):
            values[name] = np.broadcast_to(coefficient, shape)
    if fit.model in MODELS:
        age = {"frequency": history["frequency"], "age": history["age"]}
        month = np.full(shape[1], DAYS_PER_MONTH / fit.time_unit_days)
        retention = model.survival(fit.array, ahead=month, **age)
        values["p_alive"] = np.broadcast_to(model.p_alive(fit.array, **history), shape)
        values["monthly_retention_rate"] = np.broadcast_to(retention, shape)
    return values


def _common_sds(
    model: PurchaseModel,
    groups: pd.DataFrame,
    *,
    fit: Fit,
    spend_fit: Fit | None,
    days: Sequence[float],
    horizons: np.ndarray,
    common_sds: Mapping[int, float],
) -> np.ndarray:
    """What replays found, by days ahead; at least what the parameters leave open."""
    history = bin_values(groups, time_unit_days=fit.time_unit_days)
    count = groups.get("customer_count", pd.Series(1, index=groups.index)).to_numpy(dtype=float)
    totals = np.array(
        [
            [model.expected_purchases(point, horizon=h, **history) @ count for h in horizons]
            for point in fit.cubature()
        ]
    )
    mean = totals.mean(axis=0)
    relative = np.divide(totals, mean, out=np.ones_like(totals), where=mean > 0)
    variance = relative.var(axis=0)
    if spend_fit is not None:
        p, q, v = spend_fit.cubature().T
        spend = p * v / np.maximum(q - 1, 1e-3)
        variance = variance + np.var(spend / spend.mean())
    if common_sds:
        known = sorted(common_sds)
        found = np.interp(np.log(days), np.log(known), [common_sds[day] for day in known])
        variance = np.maximum(variance, found**2)
    return np.sqrt(variance)


def customer_values(
    customers: pd.DataFrame, *, scores: pd.DataFrame, spend_fit: Fit, resolution: float
) -> pd.DataFrame:
    """One row per customer and horizon, from the scores of the customer's group.

    `customers` has customer_id, frequency, recency_days, age_days, repeat_mean_spend and
    first_spend (per purchase day), and optionally margin_rate (margin / revenue; 1, that is
    revenue, where missing). Scaling money scales expected_spend and the values.
    """
    require_columns(customers, ["customer_id", *HISTORY_COLUMNS, *SPEND_COLUMNS])
    histories = {name: customers[name] for name in HISTORY_COLUMNS}
    bins = history_bins(**histories, resolution=resolution)
    keyed = bins.assign(customer_id=customers["customer_id"].to_numpy())
    keyed["expected_spend"] = np.nan
    if spend_fit.status == OK:
        count, total = known_purchases(
            frequency=customers["frequency"], **{name: customers[name] for name in SPEND_COLUMNS}
        )
        keyed["expected_spend"] = expected_spend(
            spend_fit.parameters, purchase_count=count, total_spend=total
        )
    margin_rate = customers.get("margin_rate", pd.Series(np.nan, index=customers.index))
    keyed["margin_rate"] = margin_rate.fillna(1.0).to_numpy()
    table = keyed.merge(scores, on=BIN_COLUMNS, how="left")
    worth = table["expected_spend"] * table["margin_rate"]
    # nothing bought at a loss is 0, and not the float -0.0
    table["expected_value"] = table["discounted_orders"] * worth + 0.0
    bounds = pd.concat(
        [table[f"discounted_spends_{end}"] * worth + 0.0 for end in ("lower", "upper")], axis=1
    )
    table["value_lower"], table["value_upper"] = bounds.min(axis=1), bounds.max(axis=1)
    return table.sort_values(["customer_id", "horizon_months"], ignore_index=True)
