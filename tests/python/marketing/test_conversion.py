"""Chances of an order: right on held-out days, blind to the future, honest with too little."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from retail_analytics.marketing.conversion import (
    CHANNEL_RATE,
    LOGISTIC,
    cases,
    conversion_backtest,
    conversion_coefficients,
    fit_logistic,
    measures,
    slope_interval,
    split,
)

SETTINGS = {"horizon_days": 7, "cut_lift": 2.0, "most_rows": 4_000, "seed": 1}


def drawn(*, days: int = 20, size: int = 300, effect: float = 1.0, seed: int = 1):
    """Customers with three numbers and a last channel; what follows depends on two of them."""
    rng = np.random.default_rng(seed)
    values, outcomes = [], []
    for number in range(days):
        day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=7 * number)
        x = rng.normal(size=(size, 3))
        channel = rng.choice(["mail", "search"], size)
        odds = -1.8 + effect * (0.8 * x[:, 0] - 0.5 * x[:, 1] + 0.6 * (channel == "search"))
        won = rng.random(size) < expit(odds)
        names = [f"C{n}" for n in range(size)]
        keys = {"customer_id": names, "as_of_date": day}
        values += [
            pd.DataFrame(keys | {"feature": f"x{column}", "value": x[:, column]})
            for column in range(3)
        ]
        values.append(
            pd.DataFrame(keys | {"feature": "last channel: " + pd.Series(channel), "value": 1.0})
        )
        outcomes.append(pd.DataFrame(keys | {"last_channel": channel, "has_ordered": won}))
    return pd.concat(values, ignore_index=True), pd.concat(outcomes, ignore_index=True)


def figures(backtest: pd.DataFrame, model: str) -> pd.Series:
    return backtest[backtest["model"] == model].set_index("metric")["value"]


def test_chances_are_right_on_held_out_days():
    backtest = conversion_backtest(*drawn(), **SETTINGS)
    found, naive = figures(backtest, LOGISTIC), figures(backtest, CHANNEL_RATE)
    assert 0.9 <= found["calibration_slope"] <= 1.1
    slope = [found["calibration_slope" + end] for end in ("_lower", "", "_upper")]
    assert slope == sorted(slope) and slope[0] < 1 < slope[2]
    assert found["brier_score"] < naive["brier_score"]
    assert backtest.loc[backtest["is_serving"], "model"].unique().tolist() == [LOGISTIC]
    counts = found[[c for c in found.index if c.endswith("_count")]]
    assert counts.sum() == backtest["row_count"].iloc[0]
    assert set(backtest["model"]) >= {"histogram boosting", "random forest"}


def test_where_nothing_matters_the_channels_rate_serves():
    values, outcomes = drawn(effect=0.0, days=10)
    backtest = conversion_backtest(values, outcomes, **SETTINGS)
    chosen = backtest.loc[backtest["is_serving"], "model"].iloc[0]
    table = conversion_coefficients(values, outcomes, backtest)
    assert table["method"].unique().tolist() == [chosen]
    found = figures(backtest, chosen)
    assert found["brier_score"] <= figures(backtest, CHANNEL_RATE)["brier_score"]


def test_the_future_changes_nothing_that_was_learned_before_it():
    values, outcomes = drawn()
    learned, held = split(cases(values, outcomes))
    assert learned.days.max() < held.days.min()
    shuffled = outcomes.copy()
    late = shuffled["as_of_date"] >= held.days.min()
    shuffled.loc[late, "has_ordered"] = ~shuffled.loc[late, "has_ordered"].astype(bool)
    again, _ = split(cases(values, shuffled))
    first, second = fit_logistic(learned), fit_logistic(again)
    assert first.weights.tolist() == second.weights.tolist()


def test_rows_in_any_order_give_the_same_table():
    values, outcomes = drawn(days=8)
    backtest = conversion_backtest(values, outcomes, **SETTINGS)
    first = conversion_coefficients(values, outcomes, backtest)
    mixed = (values.sample(frac=1, random_state=1), outcomes.sample(frac=1, random_state=2))
    second = conversion_coefficients(*mixed, conversion_backtest(*mixed, **SETTINGS))
    pd.testing.assert_frame_equal(first, second)


def test_too_little_has_a_status_and_no_figure():
    values, outcomes = drawn(days=1, size=30)
    backtest = conversion_backtest(values, outcomes, **SETTINGS)
    assert backtest.empty
    table = conversion_coefficients(values, outcomes, backtest)
    assert table["status"].tolist() == ["insufficient_data"]
    assert table["coefficient"].isna().all()
    nothing = conversion_coefficients(values.head(0), outcomes.head(0), backtest)
    assert nothing["status"].tolist() == ["insufficient_data"]


def test_without_a_test_the_channels_rate_serves_as_short_history():
    values, outcomes = drawn(days=2, size=400)
    table = conversion_coefficients(
        values, outcomes, conversion_backtest(values, outcomes, **SETTINGS)
    )
    assert table["status"].unique().tolist() == ["short_history"]
    assert table["method"].unique().tolist() == [CHANNEL_RATE]
    assert set(table["feature"]) == {"level", "last channel: mail", "last channel: search"}


def test_measures_by_hand():
    found = measures(np.array([0.9, 0.8, 0.3, 0.1]), np.array([1.0, 0.0, 1.0, 0.0]), cut=0.5)
    assert found["auc"] == pytest.approx(0.75)
    assert found["brier_score"] == pytest.approx((0.01 + 0.64 + 0.49 + 0.01) / 4)
    assert found["precision_rate"] == found["recall_rate"] == 0.5
    assert found["true_positive_count"] == found["true_negative_count"] == 1


@pytest.mark.parametrize("shock", [0.0, 0.3])
def test_the_interval_of_the_slope_holds_the_truth_as_often_as_it_says(shock):
    """Eight days of 250 customers; on each the truth has a slope of its own, 1 on average."""
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        odds = rng.normal(-2, 1, (8, 250))
        own = 1 + shock * rng.normal(size=(8, 1))
        won = (rng.random((8, 250)) < expit(-2 + own * (odds + 2))).astype(float)
        ends = slope_interval(expit(odds.ravel()), won.ravel(), np.repeat(np.arange(8), 250))
        held += ends["calibration_slope_lower"] <= 1 <= ends["calibration_slope_upper"]
    assert 0.72 <= held / 200 <= 0.87


def test_one_day_has_no_interval_of_the_slope():
    ends = slope_interval(np.array([0.2, 0.6]), np.array([0.0, 1.0]), np.array([1, 1]))
    assert np.isnan(list(ends.values())).all()


def test_a_missing_column_is_named():
    values, outcomes = drawn(days=1, size=3)
    with pytest.raises(ValueError, match="has_ordered: column is missing"):
        cases(values, outcomes.drop(columns="has_ordered"))
