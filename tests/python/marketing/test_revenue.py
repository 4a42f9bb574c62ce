"""Revenue forecasts by channel add up to the whole in every scenario."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.marketing.revenue import revenue_forecasts, spread


def months(count: int, *, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    month = pd.date_range("2021-01-01", periods=count, freq="MS")
    season = 1 + 0.4 * np.sin(np.arange(count) * 2 * np.pi / 12)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "month": month,
                    "channel": name,
                    "revenue": level * season * (1 + rng.normal(0, 0.05, count)),
                }
            )
            for name, level in (("search", 800), ("mail", 300), ("unattributed", 1500))
        ],
        ignore_index=True,
    )


def test_channels_add_up_and_scenarios_are_in_order():
    found = revenue_forecasts(months(40), horizon_months=6)
    wide = found.pivot_table(index=["month", "scenario"], columns="channel", values="revenue")
    assert wide[["search", "mail", "unattributed"]].sum(axis=1).to_numpy() == pytest.approx(
        wide["all"].to_numpy()
    )
    order = found.pivot_table(index=["month", "channel"], columns="scenario", values="revenue")
    assert (order["low"] <= order["expected"] + 1e-9).all()
    assert (order["expected"] <= order["high"] + 1e-9).all()
    assert found["horizon_months"].max() == 6


def test_what_was_never_negative_is_not_forecast_to_be():
    frame = months(8)
    frame["revenue"] *= np.where(frame["channel"] == "search", np.arange(len(frame)) % 3 == 0, 1)
    found = revenue_forecasts(frame, horizon_months=6)
    assert (found["revenue"] >= 0).all()
    wide = found.pivot_table(index=["month", "scenario"], columns="channel", values="revenue")
    assert wide.drop(columns="all").sum(axis=1).to_numpy() == pytest.approx(wide["all"].to_numpy())
    returned = frame.assign(revenue=frame["revenue"] - 700)
    assert (revenue_forecasts(returned, horizon_months=6)["revenue"] < 0).any()


def test_a_total_is_spread_by_variance_and_nothing_below_the_lowest():
    own, variance = np.array([110.0, 5.0, 0.0]), np.array([4.0, 1.0, 0.0])
    assert spread(own, variance, total=125, lowest=0) == pytest.approx([118, 7, 0])
    assert spread(own, variance, total=60, lowest=0) == pytest.approx([60, 0, 0])
    assert spread(own, variance, total=60, lowest=-np.inf) == pytest.approx([66, -6, 0])
    assert spread(own, variance, total=-5, lowest=0).sum() == pytest.approx(-5)


def test_two_months_are_too_few():
    found = revenue_forecasts(months(2), horizon_months=3)
    assert (found["status"] == "insufficient_data").all()
    assert found["revenue"].isna().all()


def test_no_month_is_an_empty_table():
    assert revenue_forecasts(months(0), horizon_months=3).empty


def test_row_order_changes_nothing():
    frame = months(30)
    first = revenue_forecasts(frame, horizon_months=3)
    second = revenue_forecasts(frame.sample(frac=1, random_state=1), horizon_months=3)
    key = ["month", "channel", "scenario"]
    pd.testing.assert_frame_equal(
        first.sort_values(key, ignore_index=True), second.sort_values(key, ignore_index=True)
    )
