"""XmR limits and the chart of each value against what came before."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.statistics.control_limits import LIMIT_COLUMNS, control_limits, xmr_limits


def long_frame(values, *, entity="all"):
    periods = pd.date_range("2023-01-01", periods=len(values), freq="MS")
    return pd.DataFrame({"metric": "m", "entity": entity, "period": periods, "value": values})


def test_individuals_chart_of_the_nist_handbook():
    # NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: flow rates of ten batches.
    flow = np.array([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    found = xmr_limits(flow)
    assert found.centre == pytest.approx(50.81)
    assert found.mean_range == pytest.approx(1.8778, abs=1e-4)
    assert found.upper == pytest.approx(55.8041, abs=2e-3)
    assert found.lower == pytest.approx(45.8159, abs=2e-3)


def test_a_missing_value_is_left_out():
    whole, holed = np.array([4.0, 6, 5, 7]), np.array([4.0, np.nan, 6, 5, np.nan, 7])
    assert xmr_limits(whole) == xmr_limits(holed)


def test_an_injected_drop_is_found_and_does_not_widen_its_own_limit():
    values = 95 + np.random.default_rng(2).normal(size=24)
    values[20] -= 8
    found = control_limits(long_frame(values))
    assert found["is_below"].to_numpy().nonzero()[0].tolist() == [20]
    without = control_limits(long_frame(values[:20]))
    after = control_limits(long_frame(np.r_[values[:20], 0.0]))
    assert after["limit_lower"].iloc[20] == found["limit_lower"].iloc[20]
    pd.testing.assert_frame_equal(without, found.iloc[:20])


def test_false_alarms_on_stable_series_come_at_the_stated_rate():
    draws = np.random.default_rng(5).normal(size=(100, 48))
    frames = [long_frame(draw, entity=str(place)) for place, draw in enumerate(draws)]
    found = control_limits(pd.concat(frames)).query("status == 'ok'")
    assert 0.008 < (found["is_below"] | found["is_above"]).mean() < 0.018


def test_too_little_history_gives_no_limits():
    found = control_limits(long_frame([1.0, 1, 1, 1, 1, 1, 9]), fewest=6)
    assert found["status"].tolist() == ["insufficient_data"] * 6 + ["ok"]
    assert found["limit_upper"].isna().tolist() == [True] * 6 + [False]
    assert found["is_above"].tolist() == [False] * 6 + [True]


def test_empty_frame_and_bad_frames():
    assert list(control_limits(long_frame([])).columns) == list(LIMIT_COLUMNS)
    with pytest.raises(ValueError, match="entity"):
        control_limits(long_frame([1.0]).drop(columns="entity"))
    with pytest.raises(ValueError, match="value"):
        control_limits(long_frame([1.0]).drop(columns="value"))
    with pytest.raises(ValueError, match="fewest"):
        control_limits(long_frame([1.0]), fewest=1)
