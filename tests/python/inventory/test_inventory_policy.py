"""Newsvendor, order sizes, what to order now, ABC classes and defaults."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail_analytics.inventory.newsvendor import critical_ratio, newsvendor_normal
from retail_analytics.inventory.policy import (
    abc_classes,
    days_of_cover,
    economic_order_quantity,
    order_now,
    stock_levels,
)
from retail_analytics.inventory.settings import InventorySettings, product_parameters

SETTINGS = InventorySettings(
    service_target=0.95,
    review_period_days=7,
    lead_time_days=14.0,
    lead_time_sd_share=0.25,
    holding_cost_rate=0.2,
    order_cost=0.0,
    salvage_rate=0.0,
    cover_weeks=2.0,
)


def test_newsvendor_known_answer():
    order, cost = newsvendor_normal(mean=120.0, sd=10.0, underage_cost=18.0, overage_cost=2.0)
    assert order == pytest.approx(132.8155, abs=5e-5)
    assert cost == pytest.approx(35.0997, abs=5e-5)


def test_newsvendor_order_is_the_cheapest():
    draws = np.random.default_rng(0).normal(120, 10, 200_000)

    def cost(order):
        return (18 * np.maximum(draws - order, 0) + 2 * np.maximum(order - draws, 0)).mean()

    assert cost(132.8155) == pytest.approx(35.0997, rel=0.01)
    assert cost(132.8155) < min(cost(130.0), cost(135.5))


@pytest.mark.parametrize(
    ("under", "over", "column"),
    [(-1, 1, "underage_cost"), (1, -1, "overage_cost"), (0, 0, "overage_cost")],
)
def test_a_cost_without_sense_is_named(under, over, column):
    with pytest.raises(ValueError, match=f"^{column}:"):
        critical_ratio(underage_cost=under, overage_cost=over)


def test_economic_order_quantity_known_answer():
    # Harris: 1,000 a year, 10 an order, 0.5 a unit and year to hold: 200 units.
    common = {"mean_daily": np.array([1000 / 365]), "holding_cost_rate": np.array([0.1])}
    found = economic_order_quantity(
        order_cost=np.array([10.0]),
        unit_cost=np.array([5.0]),
        least_units=np.array([20.0]),
        **common,
    )
    assert found == pytest.approx(200.0)
    for order_cost, unit_cost, least in ((0.0, 5.0, 20.0), (10.0, np.nan, 20.0), (10.0, 5.0, 201)):
        nothing = economic_order_quantity(
            order_cost=np.array([order_cost]),
            unit_cost=np.array([unit_cost]),
            least_units=np.array([least]),
            **common,
        )
        assert nothing == 0


def test_no_more_than_a_year_is_ordered_at_once():
    # without the cap it would be sqrt(2 x 100 x 3.65 / .01) = 270
    found = economic_order_quantity(
        mean_daily=np.array([0.01]),
        order_cost=np.array([100.0]),
        unit_cost=np.array([1.0]),
        holding_cost_rate=np.array([0.01]),
        least_units=np.array([1.0]),
    )
    assert found == pytest.approx(3.65)


@given(
    quantile=st.floats(0, 1e9),
    mean=st.floats(0, 1e9),
    quantity=st.floats(0, 1e6),
    position=st.floats(0, 1e9),
)
def test_levels_are_in_order_and_an_order_fills_up(quantile, mean, quantity, position):
    levels = stock_levels(
        np.array([quantile]), mean=np.array([mean]), order_quantity=np.array([quantity])
    ).iloc[0]
    assert 0 <= levels.safety_stock_units <= levels.reorder_point_units <= levels.order_up_to_units
    assert levels.reorder_point_units >= quantile - 1e-6
    units = order_now(
        on_hand=np.array([position]),
        on_order=np.array([0.0]),
        reorder_point=np.array([levels.reorder_point_units]),
        order_up_to=np.array([levels.order_up_to_units]),
    )[0]
    if position > levels.reorder_point_units:
        assert units == 0
    else:
        assert units + position >= levels.order_up_to_units - 1e-6


def test_order_now_counts_what_is_on_its_way_and_not_what_is_unknown():
    units = order_now(
        on_hand=np.array([3.0, 3.0, 3.0, np.nan, 3.0]),
        on_order=np.array([0.0, 8.0, 7.0, 0.0, 0.0]),
        reorder_point=np.array([10.0, 10.0, 10.0, 10.0, np.nan]),
        order_up_to=np.array([15.0, 15.0, 15.0, 15.0, np.nan]),
    )
    # at the reorder point itself it is time to order
    assert units[:3].tolist() == [12.0, 0.0, 5.0]
    assert np.isnan(units[3:]).all()


def test_days_of_cover():
    cover = days_of_cover(on_hand=np.array([10.0, 10.0, np.nan]), mean_daily=np.array([2.0, 0, 1]))
    assert cover[0] == 5.0
    assert np.isnan(cover[1:]).all()


def test_abc_by_share_of_revenue():
    articles = pd.DataFrame(
        {"product_id": list("edcba"), "revenue": [np.nan, -3.0, 5.0, 15.0, 80.0]},
        index=[9, 8, 7, 6, 5],
    )
    assert abc_classes(articles).to_dict() == {9: "C", 8: "C", 7: "C", 6: "B", 5: "A"}
    assert (abc_classes(articles.assign(revenue=0.0)) == "C").all()
    assert abc_classes(articles.head(0)).empty


def test_parameters_come_from_the_row_or_the_default_and_say_so():
    articles = pd.DataFrame(
        {
            "product_id": list("abcd"),
            "lead_time_days": [10.0, 10.0, None, None],
            "lead_time_sd_days": [1.0, None, None, 9.0],
        }
    )
    found = product_parameters(articles, settings=SETTINGS)
    assert found.lead_time_days.tolist() == [10, 10, 14, 14]
    assert found.lead_time_sd_days.tolist() == [1, 2.5, 3.5, 3.5]
    assert found.lead_time_source.tolist() == ["input", "input_days", "default", "default"]


def test_a_perishable_article_gets_the_critical_ratio():
    articles = pd.DataFrame(
        {
            "product_id": list("abcd"),
            "unit_cost": [2.0, 2.0, None, 2.0],
            "list_price": [10.0, 10.0, 10.0, 10.0],
            "is_perishable": [True, False, True, None],
        }
    )
    found = product_parameters(articles, settings=SETTINGS)
    assert found.service_target.tolist() == [0.8, 0.95, 0.95, 0.95]
    assert found.service_source.tolist() == ["critical_ratio", "rule", "rule", "rule"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("lead_time_days", -1.0),
        ("lead_time_sd_days", np.inf),
        ("service_target", 1.0),
        ("service_target", 0.0),
        ("review_period_days", 0.5),
        ("unit_cost", -2.0),
        ("on_order_units", -1.0),
        ("on_hand_units", np.inf),
        ("list_price", "cheap"),
    ],
)
def test_a_bad_article_value_names_its_column(column, value):
    articles = pd.DataFrame({"product_id": ["a"], column: [value]})
    with pytest.raises(ValueError, match=f"^{column}:"):
        product_parameters(articles, settings=SETTINGS)
