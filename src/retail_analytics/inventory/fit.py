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
)
from .settings import ArticleParameters


@dataclass(frozen=True)
class Fit:
    """Mean and service quantile of the interval's demand in units; arrays of (articles,)."""

    choice: Choice
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
    mean, variance = interval_moments(
        mean_daily=choice.rate,
        var_daily=choice.variance,
        rate_variance=choice.rate_variance,
        interval_days=parameters.interval_days,
        lead_time_sd_days=parameters.lead_time_sd_days,
    )
    events = (demand > 0).sum(axis=1)
    size = np.divide(demand.sum(axis=1), events, out=np.ones(len(demand)), where=events > 0)
    distribution = choose_distribution(mean=mean, variance=variance, events=mean / size, size=size)
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
        keys=keys[rows],
        draws=draws,
    )
    return Fit(choice, mean, distribution, quantile)
