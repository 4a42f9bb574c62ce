"""How good a list is, by hand."""

import numpy as np
import pytest

from retail_analytics.recommendations.blend import learn_weights
from retail_analytics.recommendations.evaluation import Targets, mean_interval, measure
from retail_analytics.recommendations.ordering import (
    MOST_CODES,
    best_entries,
    distinct,
    order_by,
    places,
    ranks_in_rows,
)

# customer 0 bought 1 (again), 2 and 3 of ten products, customer 1 bought 4, customer 2 nothing
TARGETS = Targets(
    code=np.array([1, 2, 3, 14]),
    is_repeat=np.array([True, False, False, False]),
    customers=3,
    products=10,
)


def test_a_list_is_measured_against_what_was_bought_next():
    found = measure(
        TARGETS,
        row=np.array([0, 0, 0, 1, 2]),
        product=np.array([1, 9, 2, 5, 6]),
        place=np.array([0, 1, 2, 0, 0]),
        length=3,
    )
    assert found.recall == pytest.approx([2 / 3, 0, np.nan], nan_ok=True)
    assert found.hit == pytest.approx([1, 0, np.nan], nan_ok=True)
    # the first place counts 1, the third 1 / log2(4)
    best = 1 + 1 / np.log2(3) + 1 / 2
    assert found.ndcg == pytest.approx([(1 + 1 / 2) / best, 0, np.nan], nan_ok=True)
    # the one bought again was listed, of two new ones one
    assert found.repeat_recall == pytest.approx([1, np.nan, np.nan], nan_ok=True)
    assert found.explore_recall == pytest.approx([1 / 2, 0, np.nan], nan_ok=True)
    assert found.recommended.tolist() == [0, 1, 1, 0, 0, 1, 1, 0, 0, 1]


def test_places_beyond_the_length_do_not_count():
    found = measure(
        TARGETS, row=np.array([0]), product=np.array([1]), place=np.array([3]), length=3
    )
    assert found.recall[0] == 0 and found.recommended.sum() == 0


def test_the_interval_of_a_mean_needs_two_values():
    assert mean_interval(np.array([1.0, 3.0, np.nan]), z=2.0) == pytest.approx((2.0, 0.0, 4.0))
    assert np.isnan(mean_interval(np.array([1.0]), z=2.0)[1:]).all()


def test_the_best_entries_of_each_row_come_first_and_ties_keep_their_order():
    rows, scores = np.array([0, 0, 0, 1, 1, 1]), np.array([0.2, 0.9, 0.9, 0.1, 0.0, 0.5])
    assert best_entries(rows, scores, most=2).tolist() == [1, 2, 5, 3]
    assert ranks_in_rows(rows, scores).tolist() == [3, 1, 1, 2, 3, 1]


def test_weights_go_to_what_foretells_and_add_up_to_one():
    rng = np.random.default_rng(2)
    rows = np.repeat(np.arange(200), 10)
    features = rng.random((2_000, 2))
    bought = np.zeros(2_000)
    bought[[row * 10 + features[row * 10 : row * 10 + 10, 0].argmax() for row in range(200)]] = 1
    weights = learn_weights(rows, features, bought)
    assert weights.sum() == pytest.approx(1) and weights[0] > 0.95 and (weights >= 0).all()
    assert learn_weights(rows, features, np.zeros(2_000)) is None


@pytest.mark.parametrize(
    "spans",
    [(3, 4), (50, 2, 7), (10, 2**40, 2**20, 5), (2**62, 3), (2**30, 2**30, 2**30)],
    ids=["one number", "three keys", "two numbers", "one key too large", "a number a key"],
)
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_the_order_of_several_keys_is_that_of_lexsort(spans, count):
    rng = np.random.default_rng(5)
    # many ties: ten values of each key, negative ones too
    keys = [rng.choice(rng.integers(-span // 2, span // 2, 10), count) for span in spans]
    keys[-1] = keys[-1].clip(-(2**20), 2**20).astype(np.int32)
    before = [key.copy() for key in keys]
    assert order_by(*keys).tolist() == np.lexsort(keys[::-1]).tolist()
    assert all(np.array_equal(key, was) for key, was in zip(keys, before, strict=True))


def test_the_largest_numbers_are_ordered_too():
    key = np.array([MOST_CODES, -MOST_CODES, 0, MOST_CODES])
    assert order_by(key).tolist() == [1, 2, 0, 3]


def test_different_values_and_where_they_stand():
    known = distinct(np.array([7, 3, 7, -1]))
    assert known.tolist() == [-1, 3, 7]
    assert distinct(known[:0]).tolist() == []
    place, is_there = places(known, np.array([3, 8, -1, -2]))
    assert is_there.tolist() == [True, False, True, False]
    assert place[is_there].tolist() == [1, 0]
    assert not places(known[:0], known)[1].any()
