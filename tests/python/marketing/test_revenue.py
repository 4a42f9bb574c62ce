"""Revenue forecasts by channel add up to the whole in every scenario."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.marketing.revenue import revenue_forecasts


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
