"""Whether a product still sells: how likely its silence is if it does."""

import numpy as np

from retail_analytics.inventory.demand_matrix import first_demand

# A product that sells may stop on any day: one in two years.
YEARLY_STOPS = 0.5
DAYS_A_YEAR = 365.0
# Shorter silences are holidays, stock-outs or a bad month, however often the product sold.
LEAST_SILENT_DAYS = 56
# A silence that is no longer than those from which it came back says nothing.
LONGEST_GAP_SHARE = 1.25
# Below this chance that it still sells, nothing is planned for it.
LEAST_CHANCE = 0.05
STEPS = 64


def selling_chance(demand: np.ndarray, *, in_stock_share: np.ndarray) -> np.ndarray:
    """Probability (products,) that each product still sells after its last day.

    `demand` is (products, days); `in_stock_share` (products,) is the share of the days since its
    last sale on which there was something to sell: an empty shelf is no silence. Days of sale come
    at a rate known from their number (gamma), the end of selling at a constant hazard, as in
    Schmittlein, Morrison and Colombo (1987) for customers. 1 without two days of sale.
    """
    sold = demand > 0
    days = demand.shape[1]
    events = sold.sum(axis=1)
    last = np.where(events > 0, days - 1 - sold[:, ::-1].argmax(axis=1), days - 1)
    selling_days = (last - first_demand(demand)).astype(float)
    silent = (days - 1 - last) * in_stock_share
    position = np.where(sold, np.arange(days), -1)
    before = np.maximum.accumulate(position, axis=1)[:, :-1]
    gaps = np.where(sold[:, 1:] & (before >= 0), np.arange(1, days) - before, 0)
    longest = gaps.max(axis=1, initial=0)
    asked = (events > 1) & (silent >= LEAST_SILENT_DAYS) & (silent > LONGEST_GAP_SHARE * longest)
    chance = np.ones(len(demand))
    if not asked.any():
        return chance
    span, count = selling_days[asked, None], (events[asked] - 1)[:, None]
    hazard = YEARLY_STOPS / DAYS_A_YEAR
    silence = silent[asked, None]

    def unseen(until: np.ndarray) -> np.ndarray:
        """Chance of no stop and no sale for so many days."""
        return np.exp(count * np.log(span / (span + until)) - hazard * until)

    # Steps are short at first, where a frequent seller's chance falls.
    ends = silence * (np.arange(STEPS + 1) / STEPS) ** 3
    heights = unseen(ends)
    stopped = (hazard * np.diff(ends, axis=1) * (heights[:, 1:] + heights[:, :-1]) / 2).sum(axis=1)
    still = unseen(silence)[:, 0]
    chance[asked] = still / (still + stopped)
    return chance
