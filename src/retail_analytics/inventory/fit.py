"""What an article's protection interval will demand, as known on a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .backtest import Choice
from .lead_time_demand import (
    bootstrap_quantile,
    choose_distribution,
    interval_moments,
    negative_binomial_quantile,
    normal_quantile,
    predictive_level,
    undershoot_moments,
)
from .policy import economic_order_quantity
from .settings import ArticleParameters


@dataclass(frozen=True)
class Fit:
    """Mean and service quantile of what the reorder point covers, units; arrays of (articles,).

    `order_quantity` is what an order adds beyond the reorder point; 0 is base stock.
    """

    choice: Choice
    order_quantity: np.ndarray
    mean: np.ndarray
    distribution: np.ndarray
    quantile: np.ndarray


def fit_interval(
    demand: np.ndarray,
    *,
    choice: Choice,
    parameters: ArticleParameters,
    keys: np.ndarray,
    draws: int,
) -> Fit:
    """The predictive quantile of interval demand at each article's service target.

    `demand` is (articles, days) up to the day of `choice`. `draws` is the number of bootstrap
    draws; the other distributions need none.
    """
    events = (demand > 0).sum(axis=1)
    total = demand.sum(axis=1)
    size = np.divide(total, events, out=np.ones(len(demand)), where=events > 0)
    beyond_mean, beyond_variance = undershoot_moments(demand)
    review = parameters.review_period_days
    quantity = economic_order_quantity(
        mean_daily=choice.rate,
        order_cost=parameters.order_cost,
        unit_cost=parameters.unit_cost,
        holding_cost_rate=parameters.holding_cost_rate,
        # Smaller batches would be passed by one review or one big day again and again.
        least_units=np.maximum(choice.rate * review, 2 * beyond_mean + 1),
    )
    batched = quantity > 0
    wait = np.where(batched, (review - 1) / 2, review)
    wait_variance = np.where(batched, (review**2 - 1) / 12, 0.0)
    mean, variance = interval_moments(
        mean_daily=choice.rate,
        var_daily=choice.variance,
        rate_variance=choice.rate_variance,
        interval_days=wait + parameters.lead_time_days,
        lead_time_sd_days=np.sqrt(parameters.lead_time_sd_days**2 + wait_variance),
    )
    events_ahead = mean / size
    mean = mean + np.where(batched, beyond_mean, 0.0)
    variance = variance + np.where(batched, beyond_variance, 0.0)
    distribution = choose_distribution(mean=mean, variance=variance, events=events_ahead, size=size)
    service = predictive_level(parameters.service_target, choice.weeks - 1)
    quantile = np.zeros(len(demand))
    rows = distribution == "normal"
    quantile[rows] = normal_quantile(service[rows], mean=mean[rows], variance=variance[rows])
    rows = distribution == "negative_binomial"
    quantile[rows] = negative_binomial_quantile(
        service[rows], mean=mean[rows], variance=variance[rows]
    )
    rows = distribution == "bootstrap"
    quantile[rows] = bootstrap_quantile(
        service[rows],
        demand=demand[rows],
        mean_daily=choice.rate[rows],
        rate_variance=choice.rate_variance[rows],
        review_days=parameters.review_period_days[rows],
        lead_time_days=parameters.lead_time_days[rows],
        lead_time_sd_days=parameters.lead_time_sd_days[rows],
        is_batched=batched[rows],
        keys=keys[rows],
        draws=draws,
    )
    return Fit(choice, quantity, mean, distribution, quantile)
