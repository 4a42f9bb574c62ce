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
from dataclasses import dataclass

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
from retail_analytics.customers.clv.predictive import (
    Interval,
    SpendSampler,
    count_distributions,
    predict,
)

OUTCOME_COLUMNS = ["holdout_orders", "holdout_spend"]
BACKTEST_COLUMNS = [
    *("model", "target", "metric", "value", "baseline", "baseline_value", "horizon_days", "rows"),
]
ALL_MODELS = {**MODELS, **BASELINES}
# The metric that leads the choice: proper, and it looks at the whole distribution.
DECIDING_METRIC = "ranked_probability_score"
CLOSE_SCORE = 0.05
DEFAULT_MODEL = "pareto_nbd"
# Variances of the factor between past and coming rates that are tried (`purchase_model.widened`).
RATE_VARIANCE = "rate_variance"
RATE_VARIANCES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
USUAL_RATE_VARIANCE = 0.05
LEVEL, DRAWS, SEED = 0.80, 512, 20_240_601


@dataclass(frozen=True)
class Outcomes:
    """What customers did in the `days` after a history.

    trade_days: the same time in days of trade, which the history is in. orders and value have one
    entry per customer; value is what their spend was worth.
    """

    days: int
    trade_days: float
    orders: Array
    value: Array


@dataclass(frozen=True)
class Held:
    """Customers as of a past day, their groups, the models fitted to them, and what came after."""

    customers: pd.DataFrame
    groups: pd.DataFrame
    fits: Mapping[str, Fit]
    spend_fit: Fit
    outcomes: Sequence[Outcomes]

    @property
    def weight(self) -> Array:
        """Customers that each row stands for."""
        return self.customers["customer_count"].to_numpy(dtype=float)

    def order_worth(self) -> Array:
        """What an order of each customer is expected to be worth."""
        known, total = known_purchases(
            frequency=self.customers["frequency"],
            **{name: self.customers[name] for name in SPEND_COLUMNS},
        )
        spend = expected_spend(self.spend_fit.parameters, purchase_count=known, total_spend=total)
        return spend * self.customers["worth_rate"].to_numpy(dtype=float)


def held(
    customers: pd.DataFrame,
    *,
    outcomes: Sequence[Outcomes],
    models: Sequence[str] = tuple(ALL_MODELS),
    max_groups: int = 40_000,
) -> Held:
    """Customers, one row each (or customer_count many), with the models fitted to them."""
    require_columns(customers, [*HISTORY_COLUMNS, *SPEND_COLUMNS])
    customers = customers.assign(
        customer_count=customers.get("customer_count", 1),
        worth_rate=customers.get("worth_rate", 1.0),
    )
    groups = group_histories(customers, max_groups=max_groups)
    spends = {"frequency": "purchase_count", "repeat_mean_spend": "mean_spend"}
    return Held(
        customers=customers,
        groups=groups,
        fits={name: fit_purchase_model(groups, model=name) for name in models},
        spend_fit=fit_spend_model(customers.rename(columns=spends)),
        outcomes=outcomes,
    )


def backtest(
    customers: pd.DataFrame,
    *,
    horizon_days: float,
    models: Sequence[str] = tuple(MODELS),
    max_groups: int = 40_000,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """One row a model, target (`orders`, `value`), metric and baseline.

    `customers` has, as of the split, frequency, recency_days, age_days, repeat_mean_spend and
    first_spend (per purchase day), and holdout_orders (purchase days) and holdout_spend within
    `horizon_days` after it; optionally customer_count and worth_rate. Without enough data: no rows.
    """
    columns = [*HISTORY_COLUMNS, *SPEND_COLUMNS, *OUTCOME_COLUMNS]
    require_columns(customers, columns)
    customers = customers.sort_values(columns, ignore_index=True)
    orders, value = (customers[name].to_numpy(dtype=float) for name in OUTCOME_COLUMNS)
    outcomes = [Outcomes(int(horizon_days), float(horizon_days), orders, value)]
    split = held(customers, outcomes=outcomes, models=[*models, *BASELINES], max_groups=max_groups)
    table = measured(split, level=level, draws=draws, seed=seed)
    return table[table["model"].isin(models)].reset_index(drop=True)


def measured(
    split: Held,
    *,
    only: str | None = None,
    rate_variance: float = 0.0,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = SEED,
    sampler: SpendSampler | None = None,
) -> pd.DataFrame:
    """One row per model, target, metric, baseline and horizon; baselines are models too.

    only: the one model that is measured beside the baselines, with this variance of rates; sampler:
    that of an earlier call for the same split, draws and seed.
    """
    if split.spend_fit.status != OK:
        return pd.DataFrame(columns=BACKTEST_COLUMNS)
    sampler = sampler or SpendSampler(split.spend_fit, draws=draws, seed=seed)
    found = {
        name: _measure(
            split,
            fit=fit,
            rate_variance=rate_variance if name == only else 0.0,
            level=level,
            sampler=sampler,
        )
        for name, fit in split.fits.items()
        if fit.status == OK and (only is None or name in (only, *BASELINES))
    }
    rows = [
        {
            "model": model,
            "target": target,
            "metric": metric,
            "value": value,
            "baseline": baseline,
            "baseline_value": found[baseline][target, metric, days],
            "horizon_days": days,
            "rows": int(split.customers["customer_count"].sum()),
        }
        for model in found
        if only in (None, model)
        for (target, metric, days), value in found[model].items()
        for baseline in BASELINES
        if baseline in found
    ]
    return pd.DataFrame(rows, columns=BACKTEST_COLUMNS)


def choose_model(backtest: pd.DataFrame, *, default: str = DEFAULT_MODEL) -> str:
    """The model, or the baseline, that serves: the first of `ranked_models`."""
    return ranked_models(backtest, default=default)[0]


def ranked_models(backtest: pd.DataFrame, *, default: str = DEFAULT_MODEL) -> list[str]:
    """All models and baselines, the one that should serve first.

    The lowest ranked probability score of the orders leads, as a share of the better baseline's and
    averaged over the horizons. Models within 5 % of it describe single customers nearly equally
    well, and of those the one with the smallest error of the totals comes first; not the BG/NBD,
    for which everybody who bought once is alive for sure (Batislam et al. 2007), unless it is
    better than all others by more. Models that do not beat both baselines come after the better
    baseline. Without a backtest nothing is known: the default, the other models, the mean rate,
    the own rate.
    """
    usual = [default, *(name for name in MODELS if name != default), *reversed(BASELINES)]
    orders = backtest[backtest["target"] == "orders"]
    if orders.empty:
        return usual
    keys = ["model", "horizon_days"]
    served = orders.pivot_table(index=keys, columns="metric", values="value")
    own = pd.DataFrame(
        {
            "score": served[DECIDING_METRIC],
            "total": served["total_error_rate"].abs(),
        }
    )
    naive = orders[orders["metric"] == DECIDING_METRIC]
    to_beat = naive_scores(backtest)
    own["score"] /= to_beat.reindex(own.index.get_level_values("horizon_days")).to_numpy()
    mean = own.groupby("model").mean()
    models = mean.loc[[name for name in mean.index if name in MODELS]]
    better = models[models["score"] < 1]
    is_close = better["score"] <= better["score"].min() * (1 + CLOSE_SCORE)
    close = better[is_close].sort_values("total", kind="stable").index.tolist()
    if len(close) > 1 and "bg_nbd" in close:
        close.remove("bg_nbd")
        close.append("bg_nbd")
    rest = better[~is_close].sort_values("score", kind="stable").index.tolist()
    naive_names = naive.groupby("baseline")["baseline_value"].mean().sort_values().index.tolist()
    ranked = [*close, *rest, *naive_names]
    return ranked + [name for name in usual if name not in ranked]


def naive_scores(backtest: pd.DataFrame) -> pd.Series:
    """The better baseline's ranked probability score of the orders, by horizon."""
    orders = backtest[(backtest["target"] == "orders") & (backtest["metric"] == DECIDING_METRIC)]
    return orders.groupby("horizon_days")["baseline_value"].min()


def mean_losses(backtest: pd.DataFrame) -> dict[str, float]:
    """Of each model and baseline the ranked probability score of the orders as a share of the
    better baseline's, averaged over the horizons."""
    orders = backtest[(backtest["target"] == "orders") & (backtest["metric"] == DECIDING_METRIC)]
    orders = orders.drop_duplicates(["model", "horizon_days"])
    share = orders["value"] / orders["horizon_days"].map(naive_scores(backtest))
    return {
        str(name): float(value) for name, value in share.groupby(orders["model"]).mean().items()
    }


def customer_losses(split: Held, *, model: str, naive: pd.Series) -> Array:
    """The same of each customer; `naive`: `naive_scores`."""
    fit = split.fits[model]
    history = bin_values(split.groups, time_unit_days=fit.time_unit_days)
    horizons = np.array([outcome.trade_days for outcome in split.outcomes]) / fit.time_unit_days
    distributions = list(
        count_distributions(ALL_MODELS[model], fit, horizons=horizons, rate_variance=0.0, **history)
    )
    member = members(split.customers, split.groups)
    scores = [
        _ranked_probability_scores(distributions, step=step, member=member, orders=outcome.orders)
        / naive[outcome.days]
        for step, outcome in enumerate(split.outcomes)
    ]
    return np.mean(scores, axis=0)


def best_rate_variance(split: Held, *, model: str) -> float:
    """The variance of RATE_VARIANCES under which what repeat customers bought was likeliest.

    Customers who bought once say little of how rates change, and are left out.
    """
    fit = split.fits[model]
    history = bin_values(split.groups, time_unit_days=fit.time_unit_days)
    member = members(split.customers, split.groups)
    is_repeating = history["frequency"] > 0
    if not is_repeating.any():
        return USUAL_RATE_VARIANCE
    numbers = np.cumsum(is_repeating) - 1
    own = is_repeating[member]
    history = {name: values[is_repeating] for name, values in history.items()}
    horizons = np.array([outcome.trade_days for outcome in split.outcomes]) / fit.time_unit_days
    weight = split.weight[own]

    def surprise(rate_variance: float) -> float:
        total = 0.0
        for rows, edges, cells in count_distributions(
            ALL_MODELS[model], fit, horizons=horizons, rate_variance=rate_variance, **history
        ):
            width = edges[1] - edges[0]
            position = np.full(len(history["frequency"]), -1)
            position[rows] = np.arange(len(rows))
            row = position[numbers[member[own]]]
            here = row >= 0
            for step, outcome in enumerate(split.outcomes):
                bought = outcome.orders[own][here]
                cell = np.minimum(bought // width, len(edges) - 1).astype(int)
                chance = np.maximum(cells[step, row[here], cell] / width, 1e-12)
                total -= weight[here] @ np.log(chance)
        return total

    return min(RATE_VARIANCES, key=surprise)


def _measure(
    split: Held, *, fit: Fit, rate_variance: float, level: float, sampler: SpendSampler
) -> dict[tuple[str, str, int], float]:
    """Every metric of one model, by target, name and horizon."""
    model = ALL_MODELS[fit.model]
    history = bin_values(split.groups, time_unit_days=fit.time_unit_days)
    horizons = np.array([outcome.trade_days for outcome in split.outcomes]) / fit.time_unit_days
    member, weight, worth = (
        members(split.customers, split.groups),
        split.weight,
        split.order_worth(),
    )
    distributions = list(
        count_distributions(model, fit, horizons=horizons, rate_variance=rate_variance, **history)
    )
    order_range, spend_range, _ = predict(
        distributions,
        shape=(len(horizons), len(split.groups)),
        sampler=sampler,
        purchase_count=history["frequency"] + FIRST_PURCHASE_WEIGHT,
        level=level,
        draws=len(sampler.even),
    )
    found = {}
    for step, outcome in enumerate(split.outcomes):
        expected = model.expected_purchases(fit.array, horizon=horizons[step], **history)[member]
        score = _ranked_probability_scores(
            distributions, step=step, member=member, orders=outcome.orders
        )
        found["orders", DECIDING_METRIC, outcome.days] = float(np.average(score, weights=weight))
        found["value", "top_decile_share", outcome.days] = top_share(
            expected * worth, actual=outcome.value, weight=weight, share=0.1
        )
        for target, actual, interval, unit in (
            ("orders", outcome.orders, order_range, np.ones(len(worth))),
            ("value", outcome.value, spend_range, worth),
        ):
            ends = interval.lower[step, member] * unit, interval.upper[step, member] * unit
            own = Interval(
                lower=np.minimum(*ends),
                upper=np.maximum(*ends),
                excess=interval.excess[step, member],
            )
            metrics = _point_metrics(expected * unit, actual=actual, weight=weight)
            metrics |= _coverage(own, expected=expected * unit, actual=actual, weight=weight)
            found |= {(target, name, outcome.days): number for name, number in metrics.items()}
    return found


def members(customers: pd.DataFrame, groups: pd.DataFrame) -> Array:
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
    distributions: Sequence[tuple[Array, Array, Array]],
    *,
    step: int,
    member: Array,
    orders: Array,
) -> Array:
    """Sum over n of (P(count <= n) - [outcome <= n])^2 for each customer."""
    score = np.empty(len(orders))
    for rows, edges, cells in distributions:
        width = edges[1] - edges[0]
        below = np.minimum(np.cumsum(cells[step], axis=1), 1.0)
        missed = np.cumsum(below**2, axis=1) - below**2
        beyond = np.cumsum(((1 - below) ** 2)[:, ::-1], axis=1)[:, ::-1]
        position = np.full(int(member.max()) + 1, -1)
        position[rows[rows < len(position)]] = np.flatnonzero(rows < len(position))
        own = np.flatnonzero(position[member] >= 0)
        row = position[member[own]]
        cell = np.minimum(orders[own] // width, len(edges) - 1).astype(int)
        overflow = np.maximum(orders[own] - edges[-1] - width, 0.0)
        score[own] = (missed[row, cell] + beyond[row, cell]) * width + overflow
    return score
