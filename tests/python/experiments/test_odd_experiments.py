"""Experiments that say nothing, or not what they seem to: a status each, none a false figure."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from experiment_chain import run, shop

START = pd.Timestamp("2024-03-01 10:00")
SETTLED = "2024-03-10"


def assigned(experiment, variants, *, at=START, first=1):
    """One unit per entry of `variants`."""
    return pd.DataFrame(
        {
            "experiment_id": experiment,
            "customer_id": [f"C{first + n}" for n in range(len(variants))],
            "variant": variants,
            "assigned_at": at,
        }
    )


def measured(assignments, values, *, metric="score", at=SETTLED):
    return (
        assignments[["experiment_id", "customer_id"]]
        .assign(metric=metric, value=np.asarray(values, float), observed_at=pd.Timestamp(at))
        .reset_index(drop=True)
    )


def bought(customers, *, at=SETTLED, revenue=10.0, status="completed"):
    return pd.DataFrame(
        {
            "order_id": [f"O{status}{at}{n}" for n in range(len(customers))],
            "customer_id": list(customers),
            "order_status": status,
            "is_purchase": status == "completed",
            "revenue": revenue,
            "ordered_on": pd.Timestamp(at).date(),
            "ordered_at": pd.Timestamp(at),
        }
    )


def tables(assignments, outcomes=None, orders=None, **options):
    given = {"stg_experiment_assignments": assignments}
    if outcomes is not None:
        given["stg_experiment_outcomes"] = outcomes
    if orders is not None:
        given["orders"] = orders
    return run(shop(given, **options))


def assert_says_nothing(found, experiment):
    rows = found.results[found.results["experiment_id"] == experiment]
    assert not (rows["status"] == "ok").any()
    assert rows[["p_value", "p_value_holm", "chance_to_win", "difference_lower"]].isna().all(None)


def half(size):
    return ["control", "treatment"] * (size // 2)


def test_nothing_at_all_gives_empty_tables():
    found = run(shop({}))
    for frame in (found.results, found.checks, found.decisions, found.segments, found.daily):
        assert frame.empty


def test_one_unit():
    found = tables(assigned("one", ["control"]), measured(assigned("one", ["control"]), [3]))
    assert found.results.empty and found.decisions.empty
    assert found.check("one", "every_variant")["status"] == "failed"
    assert "one variant only" in found.check("one", "every_variant")["detail"]


def test_one_unit_per_variant():
    units = assigned("two", ["control", "treatment"])
    found = tables(units, measured(units, [3, 5]))
    row = found.row("two", "score")
    assert row["status"] == "insufficient_data" and row["difference"] == 2
    assert_says_nothing(found, "two")
    assert found.decision("two")["decision"] == "continue"


def test_an_empty_variant():
    variants = pd.DataFrame(
        {
            "experiment_id": "free-shipping",
            "variant": ["control", "treatment"],
            "variant_order": [1, 2],
            "planned_share": [0.5, 0.5],
            "is_control": [True, False],
        }
    )
    units = assigned("free-shipping", ["control"] * 40, at=pd.Timestamp("2024-05-07"))
    found = tables(
        units,
        orders=bought(units["customer_id"], at="2024-05-10"),
        rules={"experiment_variants": variants},
    )
    assert found.row("free-shipping", "orders")["status"] == "no_units"
    assert_says_nothing(found, "free-shipping")
    assert found.decision("free-shipping")["decision"] == "invalid"
    assert "no unit counts in treatment" in found.decision("free-shipping")["reason"]


def test_an_empty_control():
    variants = pd.DataFrame(
        {
            "experiment_id": "e",
            "variant": ["old", "new"],
            "variant_order": [1, 2],
            "planned_share": [0.5, 0.5],
            "is_control": [True, False],
        }
    )
    units = assigned("e", ["new"] * 40)
    found = tables(units, measured(units, range(40)), rules={"experiment_variants": variants})
    assert found.row("e", "score")["status"] == "no_control"
    assert_says_nothing(found, "e")
    assert found.decision("e")["decision"] == "invalid"


def test_no_outcomes():
    found = tables(assigned("e", half(400)))
    assert set(found.results["status"]) == {"no_outcomes"}
    assert_says_nothing(found, "e")
    decision = found.decision("e")
    assert (decision["decision"], decision["status"]) == ("continue", "no_outcomes")
    assert "nothing has been measured" in decision["reason"]
    assert not decision["is_registered"]


def test_the_same_value_for_all():
    units = assigned("e", half(400))
    found = tables(units, measured(units, [2.0, 3.0] * 200), orders=bought(units["customer_id"]))
    row = found.row("e", "score")
    assert (row["status"], row["difference"]) == ("no_variation", 1)
    assert found.row("e", "orders")["status"] == "no_variation"
    assert_says_nothing(found, "e")


def test_outcomes_before_the_assignment_are_no_outcomes():
    units = assigned("e", half(400))
    early = measured(units, np.arange(400), at="2024-02-20")
    found = tables(units, early)
    assert found.check("e", "outcome_before_assignment")["status"] == "failed"
    assert found.decision("e")["decision"] == "invalid"
    assert "only before their assignment" in found.decision("e")["reason"]
    assert_says_nothing(found, "e")


def test_a_few_early_outcomes_warn_and_do_not_count():
    units = assigned("e", half(1000))
    outcomes = measured(units, np.arange(1000) % 7)
    outcomes.loc[:3, "observed_at"] = pd.Timestamp("2024-02-20")
    outcomes.loc[:3, "value"] = 1e6
    found = tables(units, outcomes)
    check = found.check("e", "outcome_before_assignment")
    assert (check["status"], check["value"]) == ("warning", 0.004)
    row = found.row("e", "score")
    assert row["unit_count"] + row["control_unit_count"] == 996
    assert row["mean"] < 7


def test_a_unit_in_two_variants_is_left_out():
    units = assigned("e", half(1000))
    twice = units.head(6).assign(variant="other", assigned_at=START + pd.Timedelta(days=1))
    twice["variant"] = units.head(6)["variant"].map(
        {"control": "treatment", "treatment": "control"}
    )
    found = tables(pd.concat([units, twice]), measured(units, np.arange(1000) % 7))
    check = found.check("e", "unit_in_both_arms")
    assert (check["status"], check["value"]) == ("warning", 0.006)
    row = found.row("e", "score")
    assert row["unit_count"] == row["control_unit_count"] == 497
    left_out = found.con.table("experiment_units").df().query("is_excluded")
    assert left_out["exclusion_reason"].unique().tolist() == ["several_variants"]
    first = units.set_index("customer_id")["variant"]
    assert (left_out["variant"] == left_out["customer_id"].map(first)).all()

    many = units.head(100).assign(assigned_at=START + pd.Timedelta(days=1))
    many["variant"] = "treatment"
    found = tables(pd.concat([units, many]), measured(units, np.arange(1000) % 7))
    assert found.check("e", "unit_in_both_arms")["status"] == "failed"
    assert found.decision("e")["decision"] == "invalid"


def test_the_same_variant_twice_is_one_unit_from_the_first_time():
    units = assigned("e", half(300))
    again = units.assign(assigned_at=START + pd.Timedelta(days=3))
    found = tables(pd.concat([again, units]), measured(units, np.arange(300) % 7))
    assert found.row("e", "score")["unit_count"] == 150
    assert found.check("e", "unit_in_both_arms")["status"] == "passed"
    assert set(found.con.table("experiment_units").df()["assigned_at"]) == {START}


def test_an_experiment_that_nobody_registered_is_computed_and_says_so():
    rng = np.random.default_rng(3)
    units = assigned("who-knows", half(4000))
    found = tables(units, measured(units, rng.normal(np.arange(4000) % 2, 1)))
    decision = found.decision("who-knows")
    assert decision["decision"] == "ship" and not decision["is_registered"]
    assert decision["method"] == "sequential" and decision["is_winner"]
    assert found.check("who-knows", "sample_ratio")["status"] == "passed"


def test_outcomes_of_an_experiment_without_assignments_are_of_no_unit():
    units = assigned("e", half(100))
    stray = measured(assigned("nowhere", half(100)), np.arange(100))
    found = tables(units, stray)
    assert set(found.results["experiment_id"]) == {"e"}


def test_a_hundred_variants():
    rng = np.random.default_rng(4)
    names = [f"v{n:02d}" for n in range(100)]
    units = assigned("hundred", names * 120)
    found = tables(units, measured(units, rng.normal(10, 3, len(units))))
    rows = found.results.query("metric == 'score' and method == 'welch'")
    assert len(rows) == 99 and set(rows["control_variant"]) == {"v00"}
    # of a hundred variants that do nothing some look good; none after correction
    assert (rows["p_value"] < 0.05).any() and not (rows["p_value_holm"] < 0.05).any()
    assert len(found.decisions) == 99
    assert not (found.decisions["decision"] == "ship").any()
    assert found.check("hundred", "sample_ratio")["status"] == "passed"


@pytest.mark.parametrize(
    ("names", "control"),
    [
        (["b", "control"], "control"),
        (["Baseline", "zzz"], "Baseline"),
        (["gate_40", "gate_30"], "gate_30"),
        (["1", "0"], "0"),
    ],
)
def test_the_control_may_have_any_name(names, control):
    units = assigned("e", names * 50)
    found = tables(units, measured(units, np.arange(100) % 3))
    assert found.row("e", "score")["control_variant"] == control


def test_the_plan_names_the_control():
    variants = pd.DataFrame(
        {
            "experiment_id": "e",
            "variant": ["control", "old page"],
            "variant_order": [1, 2],
            "planned_share": [0.5, 0.5],
            "is_control": [False, True],
        }
    )
    units = assigned("e", ["control", "old page"] * 50)
    found = tables(
        units, measured(units, np.arange(100) % 3), rules={"experiment_variants": variants}
    )
    assert found.row("e", "score")["control_variant"] == "old page"


def test_a_variant_nobody_planned_makes_the_split_wrong():
    variants = pd.DataFrame(
        {
            "experiment_id": "e",
            "variant": ["control", "treatment"],
            "variant_order": [1, 2],
            "planned_share": [0.5, 0.5],
            "is_control": [True, False],
        }
    )
    units = assigned("e", [*half(300), "typo"])
    found = tables(
        units, measured(units, np.arange(301) % 3), rules={"experiment_variants": variants}
    )
    assert found.check("e", "sample_ratio")["status"] == "failed"
    assert set(found.decisions["decision"]) == {"invalid"}


def test_a_purchase_without_price_leaves_its_unit_out_of_revenue_only():
    units = assigned("e", half(400))
    orders = bought(units["customer_id"][::2].head(100), revenue=20.0)
    orders.loc[:4, "revenue"] = np.nan
    found = tables(units, orders=orders)
    assert found.row("e", "revenue")["control_unit_count"] == 195
    assert found.row("e", "orders")["control_unit_count"] == 200
    assert found.row("e", "revenue")["control_mean"] == pytest.approx(95 * 20 / 195)
    assert found.row("e", "orders")["control_mean"] == pytest.approx(0.5)


def test_orders_count_from_the_assignment_to_the_end_of_the_window():
    units = assigned("e", half(200))
    customer = units["customer_id"].iloc[:1]
    orders = pd.concat(
        [
            bought(customer, at="2024-03-01 09:59:59"),
            bought(customer, at="2024-03-01 10:00:00"),
            bought(customer, at="2024-03-29 09:59:59"),
            bought(customer, at="2024-03-29 10:00:00"),
            bought(units["customer_id"].iloc[1:2], at="2024-03-05"),
        ]
    )
    found = tables(units, orders=orders)
    assert found.row("e", "orders")["control_mean"] == pytest.approx(2 / 100)


def test_revenue_is_capped_at_the_quantile_of_the_rule():
    units = assigned("e", half(2000))
    orders = bought(units["customer_id"].head(1000), revenue=10.0)
    orders.loc[0, "revenue"] = 1e6
    found = tables(units, orders=orders)
    assert found.row("e", "revenue")["control_mean"] == pytest.approx(5.0)
    assert found.row("e", "average_order_value")["control_mean"] > 1000


def test_a_quantile_metric_is_compared_by_bootstrap():
    rng = np.random.default_rng(5)
    units = assigned("e", half(3000))
    slower = 1 + 0.2 * (units["variant"] == "treatment")
    outcomes = pd.concat(
        measured(units, (rng.lognormal(5, 0.5, 3000) * slower).round(2), metric="page_p95")
        for _ in range(2)
    )
    row = tables(units, outcomes).row("e", "page_p95", "bootstrap")
    values = outcomes.merge(units, on=["experiment_id", "customer_id"])
    exact = values.groupby("variant")["value"].quantile(0.95)
    assert row["mean"] == pytest.approx(exact["treatment"], rel=0.01)
    assert row["relative_difference"] == pytest.approx(0.2, abs=0.08)
    assert row["difference_lower"] > 0 and row["p_value"] < 0.01
    assert row["unit_count"] == 1500


def test_what_is_only_written_down_when_it_happens_is_zero_for_the_others():
    units = assigned("e", half(2000))
    rng = np.random.default_rng(6)
    did = rng.random(2000) < np.where(units["variant"] == "control", 0.2, 0.3)
    found = tables(units, measured(units[did], np.ones(did.sum()), metric="clicked"))
    row = found.row("e", "clicked")
    assert row["unit_count"] == 1000
    assert row["control_mean"] == pytest.approx(0.2, abs=0.04)
    assert row["p_value"] < 0.001


def test_late_exposure_makes_an_experiment_invalid():
    units = assigned("e", half(1000))
    exposures = measured(units, np.ones(1000), metric="exposure", at="2024-03-01 11:00")
    exposures.loc[:199, "observed_at"] = pd.Timestamp("2024-03-20")
    found = tables(units, pd.concat([exposures, measured(units, np.arange(1000) % 7)]))
    check = found.check("e", "exposure_delay")
    assert (check["status"], check["value"]) == ("failed", 0.2)
    assert found.decision("e")["decision"] == "invalid"
    assert "exposure" not in set(found.results["metric"])


def test_variants_that_are_not_exposed_alike_make_an_experiment_invalid():
    units = assigned("e", half(2000))
    seen = (units["variant"] == "control") | (np.arange(2000) % 4 < 3)
    exposures = measured(units[seen], np.ones(seen.sum()), metric="exposure", at="2024-03-01 11:00")
    found = tables(units, exposures)
    assert found.check("e", "exposure_ratio")["status"] == "failed"


def test_it_is_too_early_in_the_first_week():
    rng = np.random.default_rng(7)
    units = assigned("e", half(4000))
    values = rng.normal(np.arange(4000) % 2, 1)
    found = tables(units, measured(units, values, at="2024-03-02"), as_of=date(2024, 3, 4))
    decision = found.decision("e")
    assert (decision["decision"], decision["situation"]) == ("continue", "too_early")
    assert "4 of at least 7 days" in decision["reason"]


def test_the_daily_interval_ends_where_the_results_do():
    rng = np.random.default_rng(8)
    units = assigned("e", half(3000))
    outcomes = measured(units, rng.poisson(3, 3000))
    outcomes["observed_at"] = START + pd.to_timedelta(rng.integers(1, 20, 3000), unit="D")
    found = tables(units, outcomes)
    last = found.daily.sort_values("day").iloc[-1]
    result = found.row("e", "score", "sequential")
    for name in ("difference", "difference_lower", "relative_difference_upper", "p_value"):
        assert last[name] == pytest.approx(result[name], rel=1e-9)
    assert found.daily["unit_count"].is_monotonic_increasing

    orders = bought(units["customer_id"][rng.random(3000) < 0.4], at="2024-03-08")
    found = tables(units, orders=orders)
    last = found.daily.sort_values("day").iloc[-1]
    assert last["metric"] == "conversion"
    assert last["difference_lower"] == pytest.approx(
        found.row("e", "conversion", "sequential")["difference_lower"], rel=1e-9
    )


def test_rollouts_never_take_back():
    units = assigned("e", half(10), at=START)
    rollouts = pd.DataFrame(
        {
            "experiment_id": "e",
            "begins_on": [date(2024, 3, 1), date(2024, 3, 3), date(2024, 3, 5)],
            "traffic_share": [0.5, 0.2, 1.0],
        }
    )
    late = assigned("e", half(4), at=pd.Timestamp("2024-03-06"), first=100)
    con = tables(pd.concat([units, late]), rules={"experiment_rollouts": rollouts}).con
    schedule = con.table("rollout_schedule").df().sort_values("day")
    assert schedule["planned_share"].tolist() == [0.5, 0.5, 0.5, 0.5, 1.0, 1.0]
    assert schedule["assigned_to_date"].tolist() == [10, 10, 10, 10, 10, 14]


@pytest.mark.parametrize(("small", "large", "status"), [(100, 910, "passed"), (460, 540, "passed")])
def test_a_split_that_nobody_planned_is_taken_for_the_nearest_usual_one(small, large, status):
    units = assigned("e", ["control"] * small + ["treatment"] * large)
    found = tables(units, measured(units, np.arange(len(units)) % 7))
    assert found.check("e", "sample_ratio")["status"] == status


def test_a_skewed_half_that_nobody_planned_is_found():
    units = assigned("e", ["control"] * 5400 + ["treatment"] * 4600)
    found = tables(units, measured(units, np.arange(len(units)) % 7))
    assert found.check("e", "sample_ratio")["status"] == "failed"
    held_out = assigned("e", ["control"] * 1000 + ["treatment"] * 9000)
    check = tables(held_out, measured(held_out, np.arange(10_000) % 7)).check("e", "sample_ratio")
    assert "taken for 10 % and 90 %" in check["detail"]


def test_a_control_without_complaints_proves_no_harm():
    # a hold-out of a tenth: 13 of 160 buy and none complains, 10 of 163 buyers of the others do
    units = assigned("e", ["control"] * 160 + ["treatment"] * 1600)
    buyers = pd.concat([units[:13], units[160:323]])["customer_id"]
    orders = bought(buyers)
    complaints = pd.DataFrame(
        {
            "order_id": orders["order_id"].iloc[-10:],
            "complaint_count": 1,
            "complained_on": date(2024, 3, 12),
        }
    )
    found = run(
        shop(
            {
                "stg_experiment_assignments": units,
                "orders": orders,
                "stg_complaints": complaints,
            }
        )
    )
    row = found.row("e", "delivery_complaints")
    assert (row["control_mean"], row["mean"]) == (0, pytest.approx(10 / 163))
    assert row["status"] == "ok" and row["p_value"] > 0.05
    assert found.decision("e")["decision"] != "harm"
