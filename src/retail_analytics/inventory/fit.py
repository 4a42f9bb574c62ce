"""What a product's protection interval will demand, as known on a day."""

from dataclasses import dataclass, replace

import numpy as np

from retail_analytics.inventory.backtest import TREND, Choice
from retail_analytics.inventory.demand_matrix import first_demand, week_sums
from retail_analytics.inventory.lead_time_demand import (
    bootstrap_quantile,
    choose_distribution,
    demand_rhythm,
    have_sizes_moved,
    interval_moments,
    negative_binomial_quantile,
    normal_quantile,
    predictive_level,
    recent_sizes,
    review_waits,
    undershoot_moments,
)
from retail_analytics.inventory.policy import economic_order_quantity
from retail_analytics.inventory.settings import ArticleParameters
from retail_analytics.inventory.stopped import LEAST_CHANCE, selling_chance

# Below either, no level is set.
MIN_HISTORY_DAYS = 28
MIN_DEMAND_DAYS = 2
# One order of a thousand units in a year would otherwise have to be in stock for ever.
LEAST_FREEDOM = 30.0
# So few orders show no usual sale.
FEW_DEMAND_DAYS = 2
# Evenly spread probabilities, for the moments of a time that has no closed form.
CHANCES = (np.arange(64) + 0.5) / 64


@dataclass(frozen=True)
class Fit:
    """Mean and service quantile of what the reorder point covers, units; arrays of (products,).

    `order_quantity` is what an order adds beyond the reorder point; 0 is base stock.
    `selling_chance` is the probability that the product still sells.
    """

    choice: Choice
    order_quantity: np.ndarray
    mean: np.ndarray
    distribution: np.ndarray
    quantile: np.ndarray
    selling_chance: np.ndarray

    @property
    def has_stopped(self) -> np.ndarray:
        return self.selling_chance < LEAST_CHANCE


def fit_interval(
    demand: np.ndarray,
    *,
    choice: Choice,
    parameters: ArticleParameters,
    keys: np.ndarray,
    draws: int,
    is_kept: np.ndarray,
    in_stock_share: np.ndarray,
) -> Fit:
    """The predictive quantile of interval demand at each product's service target.

    `demand` is (products, days) up to the day of `choice`. `draws` is the number of bootstrap
    draws; the other distributions need none. What `is_kept` (products,) has at least a usual sale
    in stock: a target is not met by never stocking. One or two orders show no usual sale.
    `in_stock_share` as in `selling_chance`.
    """
    chance = selling_chance(demand, in_stock_share=in_stock_share)
    choice = _of_what_sells(choice, np.where(chance < LEAST_CHANCE, chance, 1.0))
    is_moving = choice.method == TREND
    sizes = recent_sizes(demand, is_moving=is_moving)
    size = sizes.mean
    beyond_mean, beyond_variance = undershoot_moments(demand)
    review = parameters.review_period_days
    is_rare = _is_rare(demand, parameters=parameters)
    is_kept = is_kept & (chance >= LEAST_CHANCE) & ((demand > 0).sum(axis=1) > FEW_DEMAND_DAYS)
    quantity = economic_order_quantity(
        # A batch lasts for months: what it balances is the year's demand, not the season's.
        mean_daily=choice.rate / choice.season,
        order_cost=parameters.order_cost,
        unit_cost=parameters.unit_cost,
        holding_cost_rate=parameters.holding_cost_rate,
        # Smaller batches would be passed by one review or one big day again and again.
        least_units=np.maximum(choice.rate * review, 2 * beyond_mean + 1),
    )
    quantity = np.where(is_rare & ~is_kept, 0.0, quantity)
    batched = quantity > 0
    crossing, crossing_sd = _crossing(quantity + beyond_mean, batched=batched, choice=choice)
    waits = review_waits(
        CHANCES,
        review_days=review,
        crossing_days=crossing,
        crossing_sd_days=crossing_sd,
    )
    interval = waits.mean(axis=1) + parameters.lead_time_days
    mean, variance = interval_moments(
        mean_daily=choice.rate,
        var_daily=choice.variance,
        rate_variance=choice.rate_variance,
        interval_days=interval,
        lead_time_sd_days=np.sqrt(parameters.lead_time_sd_days**2 + waits.var(axis=1)),
    )
    events_ahead = mean / size
    mean = mean + np.where(batched, beyond_mean, 0.0)
    variance = variance + np.where(batched, beyond_variance, 0.0)
    rhythm = demand_rhythm(demand)
    distribution = choose_distribution(
        mean=mean,
        variance=variance,
        events=events_ahead,
        size=size,
        interval_days=interval,
        rhythm=rhythm,
        sizes_moved=have_sizes_moved(demand, sizes),
    )
    service = predictive_level(parameters.service_target, _freedom(demand, weeks=choice.weeks))
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
        # What an interval holds of a rhythm is drawn; measured errors would count it twice.
        rate_variance=np.where(rhythm.is_own, choice.estimate_variance, choice.rate_variance)[rows],
        review_days=parameters.review_period_days[rows],
        lead_time_days=parameters.lead_time_days[rows],
        lead_time_sd_days=parameters.lead_time_sd_days[rows],
        crossing_days=crossing[rows],
        crossing_sd_days=crossing_sd[rows],
        keys=keys[rows],
        is_moving=is_moving[rows],
        draws=draws,
    )
    usual_sale = np.where(is_kept, np.maximum(np.rint(size), 1.0), 0.0)
    quantile = np.where(is_rare, usual_sale, np.maximum(quantile, usual_sale))
    return Fit(choice, quantity, mean, distribution, quantile, chance)


def _is_rare(demand: np.ndarray, *, parameters: ArticleParameters) -> np.ndarray:
    """Which products reach their target without stock: by all days so far, an interval expects
    fewer demands than the share of intervals that may run short."""
    days = np.maximum(demand.shape[1] - first_demand(demand), 1)
    expected = (demand > 0).sum(axis=1) / days * parameters.interval_days
    return expected < 1 - parameters.service_target


def _of_what_sells(choice: Choice, share: np.ndarray) -> Choice:
    """The choice with demand expected by the chance that there is any."""
    return replace(
        choice,
        rate=choice.rate * share,
        variance=choice.variance * share,
        rate_variance=choice.rate_variance * share**2,
        estimate_variance=choice.estimate_variance * share**2,
    )


def _crossing(
    units: np.ndarray, *, batched: np.ndarray, choice: Choice
) -> tuple[np.ndarray, np.ndarray]:
    """Days that `units` of demand take, and their deviation; NaN where orders are not batched."""
    rate = np.where(batched, choice.rate, np.nan)
    days = units / rate
    variance = days * choice.variance / rate**2 + days**2 * choice.rate_variance / rate**2
    return days, np.sqrt(variance)


def _freedom(demand: np.ndarray, *, weeks: np.ndarray) -> np.ndarray:
    """Degrees of freedom of the variance of `weeks` weeks: 2 n / (kurtosis - 1).

    A variance that rests on a few big weeks is known less well than their number says. At most
    n - 1, and else at least LEAST_FREEDOM.
    """
    sums = week_sums(demand)
    seen = np.arange(sums.shape[1]) >= (sums.shape[1] - weeks)[:, None]
    count = np.maximum(weeks, 1)
    centre = sums.sum(axis=1) / count
    squares = np.where(seen, (sums - centre[:, None]) ** 2, 0.0)
    variance = squares.sum(axis=1) / count
    kurtosis = np.full(len(sums), 3.0)
    spread = (squares**2).sum(axis=1) / count
    np.divide(spread, variance**2, out=kurtosis, where=variance > 0)
    by_kurtosis = 2 * count / np.maximum(kurtosis - 1, 1.0)
    return np.minimum(np.maximum(by_kurtosis, LEAST_FREEDOM), count - 1)
