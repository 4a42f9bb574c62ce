"""From rows of demand to a matrix, and from the matrix to classes."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from retail_analytics.inventory.demand_classes import demand_classes
from retail_analytics.inventory.demand_matrix import demand_matrix, first_demand, week_sums
from retail_analytics.inventory.streams import product_keys, uniforms

AS_OF = date(2024, 3, 10)


def frame(*rows):
    return pd.DataFrame(rows, columns=["product_id", "demanded_on", "units"])


def test_matrix_adds_up_a_day_and_leaves_out_what_is_not_in_the_window():
    demand = frame(
        ("a", "2024-03-10", 2),
        ("a", "2024-03-10", 3),
        ("b", "2024-03-08", 1),
        ("a", "2024-03-07", 9),
        ("a", "2024-03-11", 9),
    )
    matrix = demand_matrix(demand, product_ids=["b", "a"], as_of_date=AS_OF, days=3)
    assert matrix.tolist() == [[1, 0, 0], [0, 0, 5]]


def test_empty_demand_is_a_matrix_of_zeros():
    assert demand_matrix(frame(), product_ids=["a"], as_of_date=AS_OF, days=2).tolist() == [[0, 0]]


def test_matrix_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(0)
    demand = pd.DataFrame(
        {
            "product_id": rng.choice(["a", "b"], 500),
            "demanded_on": pd.Timestamp(AS_OF) - pd.to_timedelta(rng.integers(0, 5, 500), "D"),
            "units": rng.random(500),
        }
    )
    options = {"product_ids": ["a", "b"], "as_of_date": AS_OF, "days": 5}
    shuffled = demand.sample(frac=1, random_state=1)
    assert (demand_matrix(demand, **options) == demand_matrix(shuffled, **options)).all()


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (("a", "2024-03-10", float("nan")), "units"),
        (("a", "2024-03-10", -1), "units"),
        (("a", "2024-03-10", float("inf")), "units"),
        (("a", "2024-03-10", "many"), "units"),
        (("a", "31.31.2024", 1), "demanded_on"),
        (("z", "2024-03-10", 1), "product_id"),
        ((None, "2024-03-10", 1), "product_id"),
    ],
)
def test_a_bad_value_names_its_column(row, column):
    with pytest.raises(ValueError, match=f"^{column}:"):
        demand_matrix(frame(row), product_ids=["a"], as_of_date=AS_OF, days=3)


def test_a_missing_column_and_a_repeated_article_are_named():
    with pytest.raises(ValueError, match="^units:"):
        demand_matrix(frame().drop(columns="units"), product_ids=["a"], as_of_date=AS_OF, days=3)
    with pytest.raises(ValueError, match="^product_id:"):
        demand_matrix(frame(), product_ids=["a", "a"], as_of_date=AS_OF, days=3)


def test_weeks_are_counted_back_from_the_last_day():
    demand = np.array([[5.0, 1, 1, 1, 1, 1, 1, 1]])
    assert week_sums(demand).tolist() == [[7.0]]
    assert first_demand(np.array([[0.0, 0, 2], [0, 0, 0]])).tolist() == [2, 3]


def test_the_four_classes_and_no_demand():
    every_day, seldom = np.tile([1.0, 1.0], 10), np.tile([1.0, 0.0, 0.0, 0.0], 5)
    uneven, twice = np.tile([1.0, 1, 1, 30], 5), np.tile([1.0, 30.0], 10)
    demand = np.stack([every_day, twice, seldom, seldom * uneven, np.zeros(20)])
    demand[3] = np.tile([1.0, 0, 0, 0, 30, 0, 0, 0, 1, 0], 2)
    found = demand_classes(demand)["demand_class"].tolist()
    assert found == ["smooth", "erratic", "intermittent", "lumpy", "no_demand"]


def test_figures_of_a_class_start_with_the_first_sale():
    late = np.array([[0.0, 0, 0, 2, 0, 4, 0, 0]])
    row = demand_classes(late).iloc[0]
    assert (row.history_periods, row.demand_periods) == (5, 2)
    assert row.mean_demand == pytest.approx(6 / 5)
    assert row.sd_demand == pytest.approx(np.std([2, 0, 4, 0, 0], ddof=1))
    assert row.adi == pytest.approx(2.5)
    assert row.cv2 == pytest.approx(np.var([2, 4], ddof=1) / 9)


def test_classes_do_not_change_with_the_unit_of_measure():
    demand = np.random.default_rng(2).negative_binomial(0.2, 0.1, (50, 200)).astype(float)
    small, large = demand_classes(demand), demand_classes(demand * 1000)
    assert (small["demand_class"] == large["demand_class"]).all()
    assert np.allclose(small["sd_demand"] * 1000, large["sd_demand"])


def test_a_stream_belongs_to_its_article_and_is_uniform():
    keys = product_keys(["a", "b", "c"], seed=1)
    assert (product_keys(["c", "a"], seed=1) == keys[[2, 0]]).all()
    assert (product_keys(["a"], seed=2) != keys[:1]).all()
    draws = uniforms(keys[:, None], np.arange(20_000))
    assert ((draws > 0) & (draws < 1)).all()
    assert np.allclose(draws.mean(axis=1), 0.5, atol=0.01)
    assert np.allclose(draws.var(axis=1), 1 / 12, atol=0.002)
    assert np.abs(np.corrcoef(draws) - np.eye(3)).max() < 0.03
