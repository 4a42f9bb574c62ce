"""The what-if of a budget: one answer for people and for programs, one sentence for bad bounds."""

import json

import numpy as np
import pandas as pd
import pytest

from retail_analytics.marketing.budget import BudgetError
from retail_analytics.marketing.budget_tables import (
    as_text,
    budget_recommendations,
    budget_scenarios,
    named_amounts,
    what_if,
)

CURRENT = pd.DataFrame({"channel": ["Search", "social"], "weekly_spend": [100.0, 100.0]})
BOUNDS = pd.DataFrame(
    {
        "channel": ["default", "SOCIAL"],
        "minimum_multiple": [0.5, 0.9],
        "maximum_multiple": [1.5, 1.1],
    }
)
SCENARIOS = pd.DataFrame(
    {
        "scenario": ["keep", "expected", "best", "worst", "own"],
        "scenario_order": [1, 2, 3, 4, 5],
        "budget_multiple": [1.0, 1.0, 1.0, 1.0, 1.0],
        "split": ["current", "best", "best", "best", "own"],
        "outcome": ["mean", "mean", "upper", "lower", "mean"],
        "meaning": ["a", "b", "c", "d", "e"],
    }
)
PLANS = pd.DataFrame(
    {"scenario": ["own", "own"], "channel": ["search", "radio"], "spend_multiple": [1.2, 9.0]}
)


def draws(*, spread: float = 0.05, status: str = "ok") -> pd.DataFrame:
    """Search brings twice what social does; spread says how sure that is."""
    rng = np.random.default_rng(1)
    rows = []
    for channel, height in (("Search", 2_000.0), ("social", 500.0)):
        head = {"channel": channel, "draw": 0, "status": status, "is_paid": True}
        reason = None if status == "ok" else "60 weeks of sales and spend, 78 needed"
        rows.append(head | {"reason": reason, "lowest_stock": 50.0, "highest_stock": 200.0})
        for draw in range(1, 101 if status == "ok" else 1):
            factor = np.exp(rng.normal(0, spread))
            rows.append(head | {"draw": draw, "coefficient": height * factor, "half_media": 100.0})
    columns = ["channel", "draw", "status", "reason", "is_paid", "lowest_stock", "highest_stock"]
    return pd.DataFrame(rows).reindex(columns=[*columns, "coefficient", "half_media"])


def answer(found: pd.DataFrame, **given):
    settings = {"total": 800.0, "minimum": {}, "maximum": {}, "weeks": 4} | given
    return what_if(found, CURRENT, **settings)


def test_the_answer_adds_up_and_is_json():
    found = answer(draws())
    again = json.loads(json.dumps(found))
    assert again == found
    spend = {row["channel"]: row["spend"] for row in found["allocation"]}
    assert sum(spend.values()) == pytest.approx(800, abs=0.02)
    assert spend["Search"] > spend["social"]
    assert found["verdict"] == "move"
    assert found["gain_over_todays_split_lower"] > 0
    lower, mean, upper = (found["expected_revenue" + end] for end in ("_lower", "", "_upper"))
    assert lower <= mean <= upper
    assert found["assumptions"]
    brought = sum(row["expected_revenue"] for row in found["allocation"])
    assert brought == pytest.approx(mean, abs=0.05)


def test_bounds_hold_and_marginal_returns_are_derivatives():
    found = answer(draws(), minimum={"SOCIAL": 300.0}, maximum={"search": 480.0})
    spend = {row["channel"]: row["spend"] for row in found["allocation"]}
    assert spend == pytest.approx({"Search": 480.0, "social": 320.0}, abs=0.01)
    frame = draws()
    curves = frame[(frame["draw"] > 0) & (frame["channel"] == "Search")]
    step = 1e-4
    response = [
        np.mean(curves["coefficient"] * x / (x + curves["half_media"]))
        for x in (120 - step, 120 + step)
    ]
    slope = (response[1] - response[0]) / (2 * step)
    (row,) = (row for row in found["allocation"] if row["channel"] == "Search")
    assert row["marginal_roi"] == pytest.approx(slope - 1, abs=1e-3)


def test_what_was_never_spent_is_marked():
    found = answer(draws(), total=4_000.0)
    assert found["is_extrapolation"]
    assert "*" in as_text(found, currency="EUR")


def test_an_unsure_gain_is_no_evidence():
    found = answer(draws(spread=2.5))
    assert found["verdict"] == "no evidence to move"
    assert found["gain_over_todays_split_lower"] <= 0
    assert "no evidence to move" in as_text(found, currency="EUR")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"minimum": {"tv": 3.0}}, "unknown channel tv; known: Search, social"),
        ({"minimum": {"search": 900.0}}, "minimums add up to 900, more than the total of 800"),
        ({"minimum": {"search": 5.0}, "maximum": {"search": 4.0}}, "above its maximum"),
        (
            {"total": 1_234_567.0, "minimum": {"search": 1_234_567.5}},
            "minimums add up to 1,234,567.5, more than the total of 1,234,567$",
        ),
        ({"weeks": 0}, "one week or more"),
        *(({"total": total}, "the total must be") for total in (-1.0, np.nan, np.inf, 1e308)),
        ({"minimum": {"search": np.nan}}, "the minimum of Search is below 0 or no amount"),
        ({"maximum": {"search": np.nan}}, "the maximum of Search is below 0 or no amount"),
        ({"maximum": {"search": -1.0}}, "the maximum of Search is below 0"),
        ({"minimum": {"search": np.inf}}, "more than the total"),
        ({"maximum": {"search": 1.0, "social": 1.0}}, "less than the total"),
    ],
)
def test_bad_bounds_get_one_sentence(given, message):
    with pytest.raises(BudgetError, match=message):
        answer(draws(), **given)


@pytest.mark.parametrize("total", [0.0, 0.01, 1e12])
def test_an_odd_total_has_an_answer_that_adds_up(total):
    found = json.loads(json.dumps(answer(draws(), total=total), allow_nan=False))
    assert sum(row["spend"] for row in found["allocation"]) == pytest.approx(total, rel=1e-9)


def test_amounts_with_decimals_add_up_to_their_total():
    found = answer(draws(), total=0.3, minimum={"search": 0.1, "social": 0.2}, weeks=1)
    assert [row["spend"] for row in found["allocation"]] == [0.1, 0.2]


def test_without_curves_the_reason_is_given():
    with pytest.raises(BudgetError, match="no response curves to plan with: 60 weeks"):
        answer(draws(status="insufficient_data"))


def test_recommendations_keep_to_the_bounds_of_the_rules():
    table = budget_recommendations(draws(), CURRENT, BOUNDS).set_index("channel")
    assert table.loc["social", "recommended_spend"] == pytest.approx(90.0)
    assert table.loc["Search", "recommended_spend"] == pytest.approx(110.0)
    assert (table["status"] == "move").all()
    assert table["plan_gain"].nunique() == 1
    kept = budget_recommendations(draws(spread=2.5), CURRENT, BOUNDS)
    assert (kept["status"] == "no_evidence").all()
    assert kept["recommended_spend"].tolist() == kept["current_spend"].tolist()
    unknown = budget_recommendations(draws(status="insufficient_data"), CURRENT, BOUNDS)
    assert (unknown["status"] == "insufficient_data").all()
    assert unknown["reason"].str.contains("78 needed").all()


def test_scenarios_are_read_off_the_same_curves():
    table = budget_scenarios(draws(), CURRENT, BOUNDS, SCENARIOS, PLANS).set_index("scenario")
    assert table.loc["keep", "gain"] == pytest.approx(0)
    assert table.loc["worst", "gain"] <= table.loc["expected", "gain"] <= table.loc["best", "gain"]
    assert json.loads(table.loc["own", "allocation"]) == {"Search": 120.0, "social": 100.0}
    empty = budget_scenarios(draws(status="insufficient_data"), CURRENT, BOUNDS, SCENARIOS, PLANS)
    assert (empty["status"] == "insufficient_data").all()
    assert empty["revenue"].isna().all()


def test_no_spend_is_an_empty_table():
    nothing = CURRENT.head(0)
    assert budget_recommendations(draws().head(0), nothing, BOUNDS).empty


def test_bounds_are_read_from_words():
    assert named_amounts(["search=3000", "paid social = 1,250.5"]) == {
        "search": 3000.0,
        "paid social": 1250.5,
    }
    with pytest.raises(BudgetError, match="Search has two bounds"):
        named_amounts(["search=3000", "Search=2000"])
    # 1,5 may be one and a half
    for text in ("search", "search=much", "=5", "search=1,5", "search=.", "search=nan"):
        with pytest.raises(BudgetError, match="CHANNEL=AMOUNT"):
            named_amounts([text])
