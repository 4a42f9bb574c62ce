"""From figures to decisions: the order of the gates, and what is said."""

import numpy as np
import pandas as pd
import pytest
from compiled import ROOT

from retail_analytics.experiments.checks import CHECK_COLUMNS
from retail_analytics.experiments.decisions import evidence, experiment_decisions
from retail_analytics.experiments.results import RESULT_COLUMNS

REASONS = pd.read_csv(ROOT / "seeds/rules/experiments/experiment_reasons.csv")
SETTINGS = {"alpha": 0.05, "minimum_units": 100}
GOALS = {
    "orders": ("primary", True),
    "revenue": ("secondary", True),
    "returns": ("guardrail", False),
}


def result(metric="orders", *, variant="new", z=0.0, method="cuped_sequential", **changes):
    """A row of results whose difference is z standard errors of 2 % each."""
    role, higher = GOALS[metric]
    width = 1.96 * 0.02
    effect = z * 0.02
    row = dict.fromkeys(RESULT_COLUMNS, np.nan) | {
        **{"experiment_id": "e", "metric": metric, "variant": variant, "control_variant": "old"},
        **{"metric_kind": "mean", "is_primary": role == "primary"},
        **{"is_guardrail": role == "guardrail", "higher_is_better": higher},
        **{"unit_count": 5000, "control_unit_count": 5000, "mean": 1 + effect, "control_mean": 1.0},
        **{"method": method, "status": "ok", "standard_error": 0.02},
        **{"difference": effect, "difference_lower": effect - width},
        **{"difference_upper": effect + width, "relative_difference": effect},
        **{"relative_difference_lower": effect - width},
        **{"relative_difference_upper": effect + width},
        **{"p_value": 2 * (1 - 0.5 * (1 + np.tanh(abs(z) * 0.8)))},
        **{"smallest_visible_effect": 0.056},
    }
    return row | changes


def decide(*rows, checks=(), ends_on=None, units_per_day=100.0, margin=None, minimum_effect=0.05):
    results = pd.DataFrame(rows, columns=RESULT_COLUMNS)
    as_of = pd.Timestamp("2024-06-01")
    ends_on = pd.Timestamp(ends_on) if ends_on else pd.NaT
    listed = [
        {"check_name": "sample_ratio", "status": "passed", "detail": "fine", "check_order": 2}
        | {"experiment_id": "e", "as_of_date": as_of},
        *({"experiment_id": "e", "as_of_date": as_of, "check_order": 5} | c for c in checks),
    ]
    variants = pd.DataFrame(
        {"experiment_id": "e", "variant": ["old", *sorted(set(results["variant"]))]}
    )
    variants["is_control"] = variants["variant"] == "old"
    metrics = pd.DataFrame(
        [
            {"experiment_id": "e", "metric": name, "label": name.title(), "margin": None}
            | {"weight": {"orders": 0.4, "revenue": 0.6}.get(name, 0.0)}
            for name in GOALS
        ]
    )
    metrics.loc[metrics["metric"] == "returns", "margin"] = margin
    metrics["margin"] = metrics["margin"].astype(float)
    design = {"experiment_id": "e", "is_registered": True, "minimum_effect": minimum_effect}
    design |= {"starts_on": pd.Timestamp("2024-05-01"), "ends_on": ends_on}
    design |= {"is_final": bool(ends_on < as_of)}
    return experiment_decisions(
        results,
        checks=pd.DataFrame(listed, columns=CHECK_COLUMNS),
        metrics=metrics,
        variants=variants,
        designs=pd.DataFrame([design]),
        arrivals=pd.DataFrame({"experiment_id": ["e"], "units_per_day": [units_per_day]}),
        reasons=REASONS,
        settings=SETTINGS,
    )


def one(*rows, **options):
    found = decide(*rows, **options)
    assert len(found) == 1
    return found.iloc[0]


FAILED = {"check_name": "sample_ratio", "status": "failed", "detail": "units are not split"}


def test_better_and_nothing_worse_is_shipped():
    found = one(result(z=5), result("returns", z=0))
    assert found["decision"] == "ship" and found["is_winner"] and found["passes_gates"]
    assert found["reason"] == (
        "Orders: +10.0 % (+6.1 to +13.9 %), better than the control beyond chance, "
        "and no guardrail got worse."
    )


def test_invalid_beats_all():
    for rows in ([result(z=9)], [result(z=-9)], [result(z=9), result("returns", z=9)]):
        found = one(*rows, checks=[FAILED])
        assert found["decision"] == "invalid" and not found["is_winner"]
        assert "units are not split" in found["reason"]
        assert np.isnan(found["weighted_score"]) and not found["passes_gates"]


def test_a_worse_guardrail_beats_a_better_primary():
    found = one(result(z=9), result("returns", z=6))
    assert (found["decision"], found["situation"]) == ("harm", "guardrail_worse")
    assert "Returns: +12.0 % (+8.1 to +15.9 %), worse" in found["reason"]
    assert np.isnan(found["weighted_score"])


def test_fewer_returns_do_no_harm():
    assert one(result(z=9), result("returns", z=-6))["decision"] == "ship"


def test_a_worse_primary_is_harm():
    assert one(result(z=-6))["situation"] == "primary_worse"


def test_a_margin_must_be_kept_before_anything_is_shipped():
    rows = [result(z=6), result("returns", z=0.5)]
    assert one(*rows)["decision"] == "ship"
    open_yet = one(*rows, margin=0.03)
    assert (open_yet["decision"], open_yet["passes_gates"]) == ("continue", False)
    assert "more than the 3.0 % allowed" in open_yet["reason"]
    fixed = [row | {"method": "cuped"} for row in rows]
    assert one(*fixed, margin=0.03, ends_on="2024-05-20")["decision"] == "stop"
    assert one(*rows, margin=0.06)["decision"] == "ship"


def test_not_enough_yet_says_how_many_days():
    found = one(result(z=1, smallest_visible_effect=0.0523), units_per_day=105.0)
    assert found["decision"] == "continue"
    # 10,000 units, of which (.0523 / .05)^2 as many are needed: 941 more at 105 a day
    assert found["days_needed"] == 9
    assert "9 more days" in found["reason"]


def test_days_run_to_the_planned_end_where_too_few_will_have_come():
    assert one(result(z=1), units_per_day=0, ends_on="2024-06-08")["days_needed"] == 7
    found = one(result(z=1, smallest_visible_effect=0.9), units_per_day=1, ends_on="2024-06-08")
    assert found["days_needed"] == 7
    assert "7 more days to the planned end; for one of 5.0 % too few" in found["reason"]
    assert np.isnan(one(result(z=1), units_per_day=0)["days_needed"])


def test_before_the_end_only_sequential_intervals_count_and_after_it_one_look():
    rows = [result(z=6, method="cuped"), result(z=1, method="cuped_sequential")]
    assert one(*rows)["decision"] == "continue"
    assert one(*rows)["method"] == "cuped_sequential"
    ended = one(*rows, ends_on="2024-05-31")
    assert (ended["decision"], ended["method"]) == ("ship", "cuped")


def test_the_planned_end_without_effect_stops():
    found = one(result(z=1, method="welch"), ends_on="2024-05-31", minimum_effect=0.05)
    assert (found["decision"], found["situation"]) == ("stop", "ended_open")
    assert "An effect of 5.6 % would have been seen" in found["reason"]


def test_an_effect_worth_having_that_is_ruled_out_stops():
    found = one(result(z=-0.5), minimum_effect=0.05)
    assert (found["decision"], found["situation"]) == ("stop", "futile")


def test_without_covariate_the_plain_method_decides():
    rows = [
        result(z=6, method="sequential"),
        result(z=np.nan, method="cuped_sequential", status="no_covariate", p_value=np.nan),
    ]
    assert one(*rows)["method"] == "sequential"


def test_nothing_to_compare_goes_on_until_the_end():
    row = result(status="no_outcomes", p_value=np.nan, difference=np.nan)
    assert one(row)["decision"] == "continue"
    assert one(row | {"method": "welch"}, ends_on="2024-05-31")["decision"] == "stop"
    assert one(result("revenue", z=9))["status"] == "no_primary_metric"


def test_too_early_goes_before_better_and_after_harm():
    early = {"check_name": "days_run", "status": "not_yet", "detail": "3 of at least 7 days"}
    assert one(result(z=9), checks=[early])["situation"] == "too_early"
    assert one(result(z=-9), checks=[early])["decision"] == "harm"
    few = one(result(z=9, unit_count=60))
    assert few["situation"] == "too_early" and "60 of at least 100 units" in few["reason"]
    # as many as are asked for are enough
    assert one(result(z=9, unit_count=100))["situation"] == "better"
    assert one(result(z=9, control_unit_count=99))["situation"] == "too_early"


def test_of_several_better_variants_the_score_names_one_winner():
    rows = [
        *(result(z=6, variant="a"), result("revenue", z=1, variant="a")),
        *(result(z=5, variant="b"), result("revenue", z=4, variant="b")),
        *(result(z=9, variant="c"), result("returns", z=9, variant="c")),
    ]
    found = decide(*rows).set_index("variant")
    assert found["decision"].tolist() == ["ship", "ship", "harm"]
    assert found["is_winner"].tolist() == [False, True, False]
    assert found.loc["b", "weighted_score"] == pytest.approx(0.4 * 0.1 + 0.6 * 0.08)
    # the best score of all did not pass a gate
    assert np.isnan(found.loc["c", "weighted_score"])


def test_variants_are_corrected_for_by_holm():
    rows = [result(z=2, variant=name, p_value=p) for name, p in (("a", 0.02), ("b", 0.04))]
    found = decide(*rows).set_index("variant")
    assert found["p_value"].tolist() == pytest.approx([0.04, 0.04])
    rows = [result(z=2, variant=name, p_value=0.03) for name in ("a", "b")]
    assert not (decide(*rows)["decision"] == "ship").any()


def test_every_situation_has_a_reason_and_every_reason_a_situation():
    metrics = pd.DataFrame(
        {"experiment_id": ["e"], "metric": ["orders"], "label": ["x"], "margin": [np.nan]}
    ).assign(weight=0.0)
    designs = pd.DataFrame({"experiment_id": ["e"], "is_final": [False]})
    empty = evidence(
        pd.DataFrame(columns=RESULT_COLUMNS), metrics=metrics, designs=designs, settings=SETTINGS
    )
    assert empty.empty
    assert sorted(REASONS["situation"]) == sorted(
        [
            *("check_failed", "guardrail_worse", "primary_worse", "nothing_to_compare"),
            *("nothing_to_compare_ended", "too_early", "better_margin_open", "better"),
            *("better_margin_missed", "futile", "ended_open", "open"),
        ]
    )
