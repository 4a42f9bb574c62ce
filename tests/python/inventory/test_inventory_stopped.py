"""When a silence means that a product no longer sells."""

import numpy as np

from retail_analytics.inventory.stopped import selling_chance


def demand(*, sold_days: int, gap: int, silence: int) -> np.ndarray:
    """Sold every day, not for a while, on one day, and not since."""
    return np.concatenate([np.ones(sold_days), np.zeros(gap), [1.0], np.zeros(silence)])[None, :]


def chance(days: np.ndarray, in_stock_share: float = 1.0) -> float:
    return float(selling_chance(days, in_stock_share=np.array([in_stock_share]))[0])


def test_a_silence_no_longer_than_one_it_came_back_from_says_nothing():
    # 1.25 times the gap of 101 days is 126
    assert chance(demand(sold_days=200, gap=100, silence=126)) == 1.0
    assert chance(demand(sold_days=200, gap=100, silence=127)) < 0.05


def test_a_short_silence_says_nothing_and_an_empty_shelf_is_none():
    assert chance(demand(sold_days=200, gap=0, silence=55)) == 1.0
    assert chance(demand(sold_days=200, gap=0, silence=56)) < 0.05
    assert chance(demand(sold_days=200, gap=0, silence=100), in_stock_share=0.5) == 1.0


def test_a_slow_seller_is_believed_longer():
    slow = np.zeros((1, 400))
    slow[0, :301:50] = 1
    assert chance(slow) > chance(demand(sold_days=300, gap=0, silence=99))
    assert chance(np.zeros((1, 400))) == 1.0
    assert 0 < chance(slow) < 1
