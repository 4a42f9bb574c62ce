"""Customers drawn from the purchase models, to test estimates against a known truth."""

import numpy as np
import pandas as pd

from retail_analytics.customers.clv.beta_geometric import BetaGeometric
from retail_analytics.customers.clv.checks import Array
from retail_analytics.customers.clv.purchase_model import PurchaseModel


def simulate_histories(
    model: PurchaseModel, parameters: Array, *, age: Array, horizon: float, seed: int
) -> pd.DataFrame:
    """One row per customer observed for `age` time units, and for `horizon` more.

    Columns frequency, recency, age as the model reads them, holdout_orders (purchases in the
    horizon) and is_alive (has not left at `age`). Purchases are drawn one after the other.
    """
    rng = np.random.default_rng(seed)
    count = len(age)
    first, scale, second, third = parameters
    rate = np.maximum(rng.gamma(first, 1 / scale, count), np.finfo(float).tiny * 1e6)
    leaves_at = np.full(count, np.inf)
    coin = np.zeros(count)
    is_customer = np.ones(count, dtype=bool)
    if isinstance(model, BetaGeometric):
        coin = rng.beta(second, third, count)
        if model.first_toss:
            is_customer = rng.random(count) >= coin
        leaves_at[~is_customer] = 0.0
    else:
        leaves_at = rng.exponential(1 / rng.gamma(second, 1 / third, count))
    frequency, recency, holdout = np.zeros(count), np.zeros(count), np.zeros(count)
    now = np.zeros(count)
    while is_customer.any():
        now[is_customer] += rng.exponential(1 / rate[is_customer])
        is_customer &= (now <= leaves_at) & (now <= age + horizon)
        is_early = is_customer & (now <= age)
        frequency += is_early
        holdout += is_customer & ~is_early
        recency = np.where(is_early, now, recency)
        has_left = is_customer & (rng.random(count) < coin)
        leaves_at = np.where(has_left, now, leaves_at)
        is_customer &= ~has_left
    return pd.DataFrame(
        {
            "frequency": frequency,
            "recency": recency,
            "age": np.asarray(age, dtype=float),
            "holdout_orders": holdout,
            "is_alive": leaves_at > age,
        }
    )
