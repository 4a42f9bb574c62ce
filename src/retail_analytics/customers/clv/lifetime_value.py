"""Customer lifetime value: expected purchases x expected spend, with an interval.

Everything that depends on the history is computed for groups of histories (`grouping`); what
depends on the single customer is multiplication, and stays in SQL or in `customer_values`:

    expected_value = discounted_orders     x expected_spend x margin_rate
    value_lower    = discounted_spends_lower x expected_spend x margin_rate, the same for _upper

Purchases are discounted continuously: one at s days from now counts (1 + rate)^(-s / 365.25).
A month is 365.25 / 12 days. Within a horizon the interval takes the mean discount of its
expected purchases.
"""

from collections.abc import Sequence

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
)
from retail_analytics.customers.clv.grouping import (
    BIN_COLUMNS,
    HISTORY_COLUMNS,
    bin_values,
    history_bins,
)
from retail_analytics.customers.clv.predictive import predict

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
HORIZONS_MONTHS = (3, 6, 12, 24)
ANNUAL_DISCOUNT_RATE = 0.10
SPEND_COLUMNS = ["repeat_mean_spend", "first_spend"]

SCORE_COLUMNS = [
    "p_alive",
    "monthly_retention_rate",
    "expected_orders",
    "orders_lower",
    "orders_upper",
    "discounted_orders",
    "discounted_spends_lower",
    "discounted_spends_upper",
]


def score_histories(
    groups: pd.DataFrame,
    *,
    fit: Fit,
    spend_fit: Fit,
    horizons_months: Sequence[float] = HORIZONS_MONTHS,
    annual_discount_rate: float = ANNUAL_DISCOUNT_RATE,
    level: float = 0.80,
    draws: int = 512,
    seed: int = 20_240_601,
) -> pd.DataFrame:
    """One row per group of histories and horizon: what one customer of the group is expected to do.

    `groups` has the BIN_COLUMNS and resolution of `group_histories`, `fit` is of any purchase model
    or baseline, `spend_fit` of a spend model. Returns BIN_COLUMNS, horizon_months, SCORE_COLUMNS,
    method, status, sorted by key:

    - p_alive, and monthly_retention_rate = P(alive in a month | alive now); null for baselines;
    - expected_orders within the horizon, with the interval of their number;
    - discounted_orders, and the interval of the discounted spend, both in units of the customer's
      expected spend per purchase.

    Bounds are widened to the expected value where it lies outside: where nothing at all is by far
    the likeliest, the shortest range is that one point and the mean is above it.
    `short_history`: the horizon is longer than the longest age that was observed.
    """
    require_columns(groups, [*BIN_COLUMNS, "resolution"])
    groups = groups.sort_values(BIN_COLUMNS, ignore_index=True)
    blocks = [
        groups[BIN_COLUMNS].assign(horizon_months=float(months)) for months in horizons_months
    ]
    table = pd.concat(blocks, ignore_index=True)
    table[SCORE_COLUMNS] = np.nan
    table["method"] = fit.model
    table["status"] = INSUFFICIENT_DATA
    if fit.status == OK and len(groups):
        values = _scores(
            groups,
            fit=fit,
            spend_fit=spend_fit if spend_fit.status == OK else None,
            horizons_months=horizons_months,
            annual_discount_rate=annual_discount_rate,
            level=level,
            draws=draws,
            seed=seed,
        )
        for name, array in values.items():
            table[name] = array.ravel()
        if spend_fit.status == OK:
            is_long = table["horizon_months"] * DAYS_PER_MONTH > fit.longest_age_days
            table["status"] = np.where(is_long, SHORT_HISTORY, OK)
    return table.sort_values([*BIN_COLUMNS, "horizon_months"], ignore_index=True)


def _scores(
    groups: pd.DataFrame,
    *,
    fit: Fit,
    spend_fit: Fit | None,
    horizons_months: Sequence[float],
    annual_discount_rate: float,
    level: float,
    draws: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Arrays of SCORE_COLUMNS, horizons x groups."""
    model = {**MODELS, **BASELINES}[fit.model]
    history = bin_values(groups, time_unit_days=fit.time_unit_days)
    month = DAYS_PER_MONTH / fit.time_unit_days
    horizons = np.asarray(horizons_months, dtype=float) * month
    discount_rate = np.log1p(annual_discount_rate) * fit.time_unit_days / DAYS_PER_YEAR
    shape = (len(horizons), len(groups))

    expected = np.stack(
        [model.expected_purchases(fit.array, horizon=h, **history) for h in horizons]
    )
    discounted = np.stack(
        [
            model.expected_purchases(fit.array, horizon=h, discount_rate=discount_rate, **history)
            for h in horizons
        ]
    )
    orders, spends = predict(
        model,
        fit,
        horizons=horizons,
        spend_fit=spend_fit,
        purchase_count=history["frequency"] + FIRST_PURCHASE_WEIGHT,
        level=level,
        draws=draws,
        seed=seed,
        **history,
    )
    mean_discount = np.divide(discounted, expected, out=np.ones(shape), where=expected > 0)
    values = {
        "expected_orders": expected,
        "orders_lower": np.minimum(orders.lower, expected),
        "orders_upper": np.maximum(orders.upper, expected),
        "discounted_orders": discounted,
        "discounted_spends_lower": np.minimum(spends.lower * mean_discount, discounted),
        "discounted_spends_upper": np.maximum(spends.upper * mean_discount, discounted),
    }
    if fit.model in MODELS:
        age = {"frequency": history["frequency"], "age": history["age"]}
        retention = model.survival(fit.array, ahead=np.full(shape[1], month), **age)
        values["p_alive"] = np.broadcast_to(model.p_alive(fit.array, **history), shape)
        values["monthly_retention_rate"] = np.broadcast_to(retention, shape)
    return values


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
    table["expected_value"] = table["discounted_orders"] * worth
    table["value_lower"] = table["discounted_spends_lower"] * worth
    table["value_upper"] = table["discounted_spends_upper"] * worth
    return table.sort_values(["customer_id", "horizon_months"], ignore_index=True)
