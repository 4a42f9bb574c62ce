"""How well the purchase and spend models did on held-out time, beside two naive forecasts.

Models are fitted on the histories as of the split and predict the orders and the spend of each
customer in the time after it. Metrics, `value` and `baseline_value` alike:

- total_error_rate: predicted total / actual total - 1;
- mean_absolute_error, root_mean_squared_error, correlation: over customers;
- ranked_probability_score: the whole distribution of the count against the outcome, in orders,
  lower is better; for a single number it is the absolute error (Czado, Gneiting and Held 2009);
- coverage_rate: share of customers whose outcome lies within the interval as published;
- randomised_coverage_rate: the same, with outcomes that fall on the upper bound counted only as far
  as the interval needs them to hold its level; it is the level for a calibrated model, while plain
  coverage of counts exceeds it because a range of counts cannot hold exactly 80 %;
- top_decile_share: share of the actual spend that the tenth of the customers with the highest
  predicted spend made.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from retail_analytics.customers.clv.checks import Array, require_columns
from retail_analytics.customers.clv.fit import BASELINES, MODELS, OK, Fit, fit_purchase_model
from retail_analytics.customers.clv.gamma_gamma import (
    FIRST_PURCHASE_WEIGHT,
    expected_spend,
    fit_spend_model,
    known_purchases,
)
from retail_analytics.customers.clv.grouping import (
    BIN_COLUMNS,
    HISTORY_COLUMNS,
    bin_values,
    group_histories,
    history_bins,
)
from retail_analytics.customers.clv.lifetime_value import SPEND_COLUMNS
from retail_analytics.customers.clv.predictive import Interval, count_distributions, predict
from retail_analytics.customers.clv.purchase_model import PurchaseModel

OUTCOME_COLUMNS = ["holdout_orders", "holdout_spend"]
BACKTEST_COLUMNS = ["model", "target", "metric", "value", "baseline", "baseline_value", "rows"]
# The metric that leads the choice: proper, and it looks at the whole distribution.
DECIDING_METRIC = "ranked_probability_score"
CLOSE_SCORE = 0.02


def backtest(
    customers: pd.DataFrame,
    *,
    horizon_days: float,
    models: Sequence[str] = tuple(MODELS),
    max_groups: int = 40_000,
    level: float = 0.80,
    draws: int = 512,
    seed: int = 20_240_601,
) -> pd.DataFrame:
    """One row per model, target (`orders`, `value`), metric and baseline.

    `customers` has, as of the split, frequency, recency_days, age_days, repeat_mean_spend and
    first_spend (per purchase day), and holdout_orders (purchase days) and holdout_spend within
    `horizon_days` after it; optionally customer_count. Without enough data: no rows.
    """
    columns = [*HISTORY_COLUMNS, *SPEND_COLUMNS, *OUTCOME_COLUMNS]
    require_columns(customers, columns)
    customers = customers.assign(customer_count=customers.get("customer_count", 1))
    customers = customers.sort_values(columns, ignore_index=True)
    groups = group_histories(customers, max_groups=max_groups)
    spend_fit = fit_spend_model(
        customers.rename(columns={"frequency": "purchase_count", "repeat_mean_spend": "mean_spend"})
    )
    measured = {}
    for name in (*models, *BASELINES):
        fit = fit_purchase_model(groups, model=name)
        if fit.status == OK and spend_fit.status == OK:
            measured[name] = _measure(
                customers,
                groups,
                fit=fit,
                spend_fit=spend_fit,
                horizon_days=horizon_days,
                level=level,
                draws=draws,
                seed=seed,
            )
    rows = [
        {
            "model": model,
            "target": target,
            "metric": metric,
            "value": value,
            "baseline": baseline,
            "baseline_value": measured[baseline][target, metric],
            "rows": int(customers["customer_count"].sum()),
        }
        for model in models
        for (target, metric), value in measured.get(model, {}).items()
        for baseline in BASELINES
    ]
    return pd.DataFrame(rows, columns=BACKTEST_COLUMNS)


def choose_model(backtest: pd.DataFrame, *, default: str = "pareto_nbd") -> str:
    """The model, or the baseline, that serves.

    The lowest ranked probability score of the orders leads; models within 2 % of it describe single
    customers equally well, and of those the one with the smallest error of the total serves; not
    the BG/NBD, for which everybody who bought once is alive for sure (Batislam et al. 2007), unless
    it is better than all others by more. A model that does not beat both baselines is out; if all
    are, the better baseline serves. Without a backtest nothing is known and the default serves.
    """
    orders = backtest[backtest["target"] == "orders"]
    served = orders.pivot_table(index="model", columns="metric", values="value")
    naive = orders.pivot_table(index="baseline", columns="metric", values="baseline_value")
    if served.empty:
        return default
    to_beat = naive[DECIDING_METRIC].min()
    served = served[served[DECIDING_METRIC] < to_beat]
    if served.empty:
        return str(naive[DECIDING_METRIC].idxmin())
    close = served[served[DECIDING_METRIC] <= served[DECIDING_METRIC].min() * (1 + CLOSE_SCORE)]
    if len(close) > 1:
        close = close.drop(index="bg_nbd", errors="ignore")
    return str(close["total_error_rate"].abs().idxmin())


def _measure(
    customers: pd.DataFrame,
    groups: pd.DataFrame,
    *,
    fit: Fit,
    spend_fit: Fit,
    horizon_days: float,
    level: float,
    draws: int,
    seed: int,
) -> dict[tuple[str, str], float]:
    """Every metric of one model, by target and name."""
    model = {**MODELS, **BASELINES}[fit.model]
    history = bin_values(groups, time_unit_days=fit.time_unit_days)
    horizon = horizon_days / fit.time_unit_days
    member = _members(customers, groups)
    count = customers["customer_count"].to_numpy(dtype=float)
    orders, value = (customers[name].to_numpy(dtype=float) for name in OUTCOME_COLUMNS)
    known, total = known_purchases(
        frequency=customers["frequency"], **{name: customers[name] for name in SPEND_COLUMNS}
    )
    spend = expected_spend(spend_fit.parameters, purchase_count=known, total_spend=total)
    expected = model.expected_purchases(fit.array, horizon=horizon, **history)
    order_range, spend_range = predict(
        model,
        fit,
        horizons=np.array([horizon]),
        spend_fit=spend_fit,
        purchase_count=history["frequency"] + FIRST_PURCHASE_WEIGHT,
        level=level,
        draws=draws,
        seed=seed,
        **history,
    )
    score = _ranked_probability_scores(
        model, fit, history=history, horizon=horizon, member=member, orders=orders
    )
    found = {
        ("orders", DECIDING_METRIC): float(np.average(score, weights=count)),
        ("value", "top_decile_share"): top_share(
            expected[member] * spend, actual=value, weight=count, share=0.1
        ),
    }
    for target, actual, interval, unit in (
        ("orders", orders, order_range, 1.0),
        ("value", value, spend_range, spend),
    ):
        own = Interval(
            lower=interval.lower[0, member] * unit,
            upper=interval.upper[0, member] * unit,
            excess=interval.excess[0, member],
        )
        metrics = _point_metrics(expected[member] * unit, actual=actual, weight=count)
        metrics |= _coverage(own, expected=expected[member] * unit, actual=actual, weight=count)
        found |= {(target, name): number for name, number in metrics.items()}
    return found


def _members(customers: pd.DataFrame, groups: pd.DataFrame) -> Array:
    """The row of `groups` each customer belongs to."""
    columns = {name: customers[name] for name in HISTORY_COLUMNS}
    bins = history_bins(**columns, resolution=float(groups["resolution"].iloc[0]))
    keyed = groups[BIN_COLUMNS].assign(member=np.arange(len(groups)))
    return bins.merge(keyed, on=BIN_COLUMNS, how="left")["member"].to_numpy()


def _point_metrics(predicted: Array, *, actual: Array, weight: Array) -> dict[str, float]:
    error = predicted - actual
    total = actual @ weight
    has_spread = np.ptp(predicted) > 1e-9 * np.abs(predicted).max() and np.ptp(actual) > 0
    covariance = np.cov(predicted, actual, aweights=weight) if has_spread else None
    return {
        "total_error_rate": float(predicted @ weight / total - 1) if total else float("nan"),
        "mean_absolute_error": float(np.average(np.abs(error), weights=weight)),
        "root_mean_squared_error": float(np.sqrt(np.average(error**2, weights=weight))),
        "correlation": float("nan")
        if covariance is None
        else float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])),
    }


def _coverage(
    interval: Interval, *, expected: Array, actual: Array, weight: Array
) -> dict[str, float]:
    published = (actual >= np.minimum(interval.lower, expected)) & (
        actual <= np.maximum(interval.upper, expected)
    )
    inside = (actual >= interval.lower) & (actual <= interval.upper)
    needed = inside - interval.excess * (actual == interval.upper)
    return {
        "coverage_rate": float(np.average(published, weights=weight)),
        "randomised_coverage_rate": float(np.average(needed, weights=weight)),
    }


def top_share(predicted: Array, *, actual: Array, weight: Array, share: float) -> float:
    """Share of `actual` that the customers in the top `share` by `predicted` made; ties in part."""
    total = actual @ weight
    if total == 0:
        return float("nan")
    _, level = np.unique(-predicted, return_inverse=True)
    size = np.bincount(level, weights=weight)
    made = np.bincount(level, weights=actual * weight)
    room = share * size.sum() - (np.cumsum(size) - size)
    return float(made @ np.clip(room / size, 0.0, 1.0) / total)


def _ranked_probability_scores(
    model: PurchaseModel,
    fit: Fit,
    *,
    history: Mapping[str, Array],
    horizon: float,
    member: Array,
    orders: Array,
) -> Array:
    """Sum over n of (P(count <= n) - [outcome <= n])^2 for each customer."""
    score = np.empty(len(orders))
    for rows, edges, cells in count_distributions(
        model, fit, horizons=np.array([horizon]), **history
    ):
        width = edges[1] - edges[0]
        below = np.minimum(np.cumsum(cells[0], axis=1), 1.0)
        missed = np.cumsum(below**2, axis=1) - below**2
        beyond = np.cumsum(((1 - below) ** 2)[:, ::-1], axis=1)[:, ::-1]
        position = np.full(len(history["frequency"]), -1)
        position[rows] = np.arange(len(rows))
        own = np.flatnonzero(position[member] >= 0)
        row = position[member[own]]
        cell = np.minimum(orders[own] // width, len(edges) - 1).astype(int)
        overflow = np.maximum(orders[own] - edges[-1] - width, 0.0)
        score[own] = (missed[row, cell] + beyond[row, cell]) * width + overflow
    return score
