"""The salted hash: stable, even, independent, and never taking back what it gave."""

from datetime import date

import duckdb
import numpy as np
import pytest
from scipy import stats

from retail_analytics.experiments.assignment import Plan, assign, place, traffic_share, variants_of
from retail_analytics.experiments.checks import sample_ratio

UNITS = [f"C{number:06d}" for number in range(20_000)]
DAY = date(2024, 5, 1)


def plan(**changes):
    return Plan(**{"salt": "s", "variants": ("a", "b"), "shares": (0.5, 0.5)} | changes)


def test_places_are_those_of_today_for_ever():
    found = place(["C000001", "C000002", "é"], salt="free-shipping", purpose="variant")
    # printf "free-shipping:variant:C000001" | md5sum | cut -c1-8
    digits = ["56810fcb", "ff1c9780", "98c55767"]
    assert found == pytest.approx([int(text, 16) / 2**32 for text in digits], abs=0)


def test_a_split_is_within_the_sample_ratio_limit_for_most_salts():
    p_values = []
    for salt in range(60):
        variant = variants_of(UNITS, plan(salt=str(salt), shares=(0.2, 0.3), variants=("a", "b")))
        count = np.sum(variant == "a")
        p_values.append(sample_ratio([count, len(UNITS) - count], [0.2, 0.3])[1])
    assert min(p_values) > 0.001 / 60
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_experiments_are_independent_of_each_other():
    one, two = (variants_of(UNITS, plan(salt=salt)) == "a" for salt in ("x", "y"))
    both = np.sum(one & two) / len(UNITS)
    assert both == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / len(UNITS)))


def test_more_traffic_adds_units_and_moves_none():
    steps = ((date(2024, 5, 1), 0.05), (date(2024, 5, 8), 0.5), (date(2024, 5, 20), 1.0))
    before = {}
    for day, share in steps:
        now = assign(UNITS, plan(rollout=steps), on=day).set_index("unit")["variant"].to_dict()
        assert len(now) / len(UNITS) == pytest.approx(share, abs=0.02)
        assert before.items() <= now.items()
        before = now
    assert assign(UNITS, plan(rollout=steps), on=date(2024, 4, 30)).empty


def test_a_step_back_takes_nobody_out():
    steps = ((date(2024, 5, 1), 0.5), (date(2024, 5, 8), 0.2))
    assert traffic_share(plan(rollout=steps), date(2024, 5, 9)) == 0.5


def test_experiments_of_a_layer_share_nobody_and_leave_nobody_out():
    parts = [(0.0, 0.3), (0.3, 1.0)]
    one, two = (
        set(
            assign(UNITS, plan(salt=str(n), layer="page", layer_from=low, layer_to=high), on=DAY)[
                "unit"
            ]
        )
        for n, (low, high) in enumerate(parts)
    )
    assert not one & two
    assert one | two == set(UNITS)


def test_a_unit_given_twice_or_empty_is_assigned_once_or_not():
    found = assign(["a", None, "b", "a"], plan(), on=DAY)
    assert found["unit"].tolist() == ["a", "b"]
    assert assign([], plan(), on=DAY).empty


def test_all_of_a_hundred_variants_are_used():
    names = tuple(f"v{n:02d}" for n in range(100))
    found = variants_of(UNITS, plan(variants=names, shares=(1.0,) * 100))
    assert set(found) == set(names)
    # a share of nothing gets nobody
    assert set(variants_of(UNITS, plan(variants=("a", "b", "c"), shares=(1, 0, 1)))) == {"a", "c"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variants": ("a",), "shares": (1.0,)}, "two or more variants"),
        ({"variants": ("a", "a")}, "different names"),
        ({"shares": (1.0,)}, "one planned_share"),
        ({"shares": (0.0, 0.0)}, "more than 0"),
        ({"layer": "l", "layer_from": 0.5, "layer_to": 0.5}, "part of 0 to 1"),
        ({"rollout": ((DAY, 1.5),)}, "traffic_share"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        assign(UNITS, plan(**changes), on=DAY)


def test_duckdb_finds_the_same_places():
    rows = duckdb.sql(
        "select ('0x' || md5('s:variant:' || unit)[:8])::bigint / 4294967296.0 from "
        "(select 'C' || lpad(range::varchar, 6, '0') as unit from range(100)) order by unit"
    ).fetchall()
    assert [row[0] for row in rows] == pytest.approx(
        place(UNITS[:100], salt="s", purpose="variant"), abs=0
    )
