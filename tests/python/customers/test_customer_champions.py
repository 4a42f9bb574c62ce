"""What serves as churn risks and lifetime values: the rule table acts, and what served stays."""

import json

import numpy as np
import pandas as pd
import pytest

from retail_analytics.customers.champions import CHURN, VALUES, customer_reign
from retail_analytics.customers.clv.fit import MODELS
from retail_analytics.customers.clv.tables import backtest_models
from retail_analytics.statistics.champions import Reign

NOTHING = {"champion": None, "pinned": None, "worse_builds": None}


def reigns(**rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame([{"mart": mart, **NOTHING, **row} for mart, row in rows.items()])
    return frame.reindex(columns=["mart", *NOTHING])


def test_a_row_is_for_the_models_that_are_kept_over_builds() -> None:
    found = customer_reign(
        VALUES, reigns=reigns(customer_lifetime_values={"champion": "bg_nbd", "worse_builds": 1.0})
    )
    assert found == Reign(champion="bg_nbd", worse_builds=1)
    assert customer_reign(CHURN, reigns=reigns()) == Reign()
    with pytest.raises(ValueError, match="metric_forecasts chooses anew in every build"):
        customer_reign(CHURN, reigns=reigns(metric_forecasts={"pinned": "combination"}))
    with pytest.raises(ValueError, match="customer_churn_risks has no model lasso"):
        customer_reign(VALUES, reigns=reigns(customer_churn_risks={"pinned": "lasso"}))


def histories(customers: int = 400) -> pd.DataFrame:
    """Customers of a Pareto process with what they did in the year after."""
    rng = np.random.default_rng(5)
    rate = rng.gamma(0.9, 1 / 120, customers)
    age = rng.integers(200, 700, customers).astype(float)
    lives = np.minimum(rng.exponential(500, customers), age + 365)
    orders = rng.poisson(rate * np.minimum(lives, age))
    later = rng.poisson(rate * np.maximum(lives - age, 0))
    last = np.where(orders > 0, rng.uniform(0.5, 1, customers) * np.minimum(lives, age), 0.0)
    return pd.DataFrame(
        {
            "purpose": "backtest",
            "customer_id": [f"C{i:04}" for i in range(customers)],
            "as_of_date": pd.Timestamp("2024-01-01"),
            "holdout_days": 365,
            "frequency": orders.astype(float),
            "recency_days": last.round(),
            "age_days": age,
            "repeat_mean_spend": np.where(orders > 0, rng.gamma(6, 8, customers), np.nan),
            "first_spend": rng.gamma(6, 8, customers),
            "holdout_orders": later.astype(float),
            "holdout_spend": later * 50.0,
        }
    )


def test_the_row_of_a_person_changes_what_gives_lifetime_values() -> None:
    rows = histories()
    usual = backtest_models(rows, seed=1)
    served = usual.loc[usual["is_serving"], "model"].unique().tolist()
    assert len(served) == 1
    other = next(name for name in MODELS if name not in served)
    for name in (other, "own_rate"):
        pinned = backtest_models(rows, seed=1, reign=Reign(pinned=name))
        assert pinned.loc[pinned["is_serving"], "model"].unique().tolist() == [name]
        assert json.loads(pinned["decision"].iloc[0])["reason"] == "rolled_back"


def test_a_naive_model_that_served_gives_way_to_one_that_is_surely_better() -> None:
    rows = histories()
    usual = backtest_models(rows, seed=1)
    served = str(usual.loc[usual["is_serving"], "model"].iloc[0])
    # the gain is that of the mean scores that the backtest shows
    naive = backtest_models(rows, seed=1, reign=Reign(champion="mean_rate"))
    said = json.loads(naive["decision"].iloc[0])
    assert (said["champion"], said["reason"]) == (served, "challenger_won")
    scores = usual[
        (usual["target"] == "orders") & (usual["metric"] == "ranked_probability_score")
    ].drop_duplicates("model")
    score = scores.set_index("model")["value"]
    better = scores["baseline_value"].min()
    first = usual[usual["metric"] == "ranked_probability_score"]
    better = first[first["target"] == "orders"]["baseline_value"].min()
    assert said["gain"] == pytest.approx((score["mean_rate"] - score[served]) / better, rel=0.02)


def test_what_gave_lifetime_values_stays_until_another_is_surely_better() -> None:
    # of sixty customers nobody can say which of the models is better
    rows = histories(60)
    usual = backtest_models(rows, seed=1)
    served = str(usual.loc[usual["is_serving"], "model"].iloc[0])
    reasons = {}
    for name in MODELS:
        found = backtest_models(rows, seed=1, reign=Reign(champion=name))
        said = json.loads(found["decision"].iloc[0])
        reasons[name] = said["reason"]
        is_won = name != served and said["gain_lower"] > 0
        assert said["champion"] == (served if is_won or name == served else name)
        assert found.loc[found["is_serving"], "model"].unique().tolist() == [said["champion"]]
    assert reasons[served] == "still_best"
    assert "challenger_not_surely_better" in reasons.values()
