"""Markov credit against published numbers, a case by hand, and what must not change it."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from retail_analytics.marketing.attribution import (
    markov_credit,
    removal_effects,
    shared_over_months,
    transitions_of_paths,
)

JOURNEYS = ROOT.parent / "shared" / "data" / "journey_paths"
HAND = pd.DataFrame(
    {
        "path": ["a", "a > b", "b > a > c", "c", "b > b"],
        "conversions": [2, 3, 1, 0, 1],
        "value": [20, 60, 30, 0, 10],
        "lost": [2, 1, 3, 4, 3],
    }
)


def effects(paths: pd.DataFrame) -> pd.DataFrame:
    return removal_effects(transitions_of_paths(paths)).set_index("channel")


def test_the_case_by_hand():
    found = effects(HAND)
    expected = [Fraction(23, 42), Fraction(29, 42), Fraction(1, 7)]
    assert found["removal_effect"].tolist() == pytest.approx([float(f) for f in expected])
    on_value = [Fraction(35, 72), Fraction(49, 72), Fraction(1, 4)]
    assert found["removal_effect_on_value"].tolist() == pytest.approx([float(f) for f in on_value])


@pytest.mark.skipif(not JOURNEYS.exists(), reason="the shared data is not there")
def test_the_published_journeys():
    paths = pd.read_parquet(JOURNEYS / "paths.parquet").rename(
        columns={
            "total_conversions": "conversions",
            "total_conversion_value": "value",
            "total_null": "lost",
        }
    )
    found = effects(paths)
    answers = pd.read_csv(JOURNEYS / "answers.csv")
    markov = answers[answers["method"] == "markov_order_1"]
    assert len(markov) > 0
    merged = markov.merge(found.reset_index(), on="channel", suffixes=("_known", ""))
    assert merged["removal_effect"].tolist() == pytest.approx(
        merged["removal_effect_known"].tolist(), abs=1e-5
    )
    credit = found["order_share"] * paths["conversions"].sum()
    assert credit["alpha"] == pytest.approx(5344.947682, abs=1e-4)
    assert credit["iota"] == pytest.approx(3884.614702, abs=1e-4)
    assert credit["lambda"] == pytest.approx(1282.847223, abs=1e-4)


paths_strategy = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=6),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)


def frame(paths) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": [" > ".join(channels) for channels, _, _ in paths],
            "conversions": [won for _, won, _ in paths],
            "value": [3.0 * won for _, won, _ in paths],
            "lost": [lost for _, _, lost in paths],
        }
    )


@given(paths_strategy)
def test_repeats_row_order_and_split_rows_change_nothing(paths):
    found = effects(frame(paths))
    collapsed = [
        ([c for i, c in enumerate(path) if i == 0 or path[i - 1] != c], won, lost)
        for path, won, lost in paths
    ]
    parts = [(path, won, 0) for path, won, _ in paths] + [(p, 0, lost) for p, _, lost in paths]
    for other in (collapsed, paths[::-1], parts):
        again = effects(frame(other))
        pd.testing.assert_frame_equal(found, again, atol=1e-9)


@given(paths_strategy)
def test_effects_are_parts_of_one_and_shares_add_up(paths):
    found = effects(frame(paths))
    won = sum(won for _, won, _ in paths)
    lost = sum(lost for _, _, lost in paths)
    if won == 0 or lost == 0:
        assert (found["status"] == "insufficient_data").all()
        assert found["removal_effect"].isna().all()
    else:
        assert found["removal_effect"].between(0, 1).all()
        assert found["order_share"].sum() == pytest.approx(1)


def test_one_channel_gets_everything():
    paths = pd.DataFrame({"path": ["a", "a > a"], "conversions": [1, 0], "value": [5, 0]})
    found = effects(paths.assign(lost=[0, 3]))
    assert found.loc["a", ["removal_effect", "order_share", "value_share"]].tolist() == [1, 1, 1]


def test_two_hundred_channels_and_a_path_of_five_hundred_touches():
    rng = np.random.default_rng(1)
    names = [f"c{number:03}" for number in range(200)]
    paths = pd.DataFrame(
        {
            "path": [" > ".join(rng.choice(names, 500))]
            + [" > ".join(p) for p in zip(names, names[1:], strict=False)],
            "conversions": 1,
            "value": 10.0,
            "lost": 2,
        }
    )
    found = effects(paths)
    assert len(found) == 200
    assert found["order_share"].sum() == pytest.approx(1)


def test_a_channel_that_only_follows_itself_brings_nothing():
    transitions = pd.DataFrame(
        [
            ("(start)", "a", 5, 0.0),
            ("(start)", "b", 1, 0.0),
            ("b", "b", 3, 0.0),
            ("a", "(order)", 2, 8.0),
            ("a", "(lost)", 3, 0.0),
        ],
        columns=["from_state", "to_state", "step_count", "value"],
    )
    found = removal_effects(transitions).set_index("channel")
    assert found["removal_effect"].tolist() == [1.0, 0.0]


def test_months_add_up_both_ways_and_absent_channels_get_nothing():
    seeds = np.array([[3.0, 1.0, 0.0], [2.0, 2.0, 2.0]])
    months, channels = np.array([10.0, 20.0]), np.array([12.0, 10.0, 8.0])
    table = shared_over_months(seeds, months, channels)
    assert table.sum(axis=1) == pytest.approx(months)
    assert table.sum(axis=0) == pytest.approx(channels)
    assert table[0, 2] == 0


def test_credit_by_month_has_the_sums_of_the_whole():
    months = pd.DataFrame(
        [("2024-01", "a", 8, 4, 70.0), ("2024-01", "b", 9, 4, 70.0)]
        + [("2024-02", c, n, 3, 50.0) for c, n in (("a", 4), ("b", 5), ("c", 8))],
        columns=["month", "channel", "touch_count", "orders", "revenue"],
    )
    credit = markov_credit(transitions_of_paths(HAND), months)
    assert credit.groupby("month")["orders"].sum().tolist() == pytest.approx([4, 3])
    assert credit.groupby("channel")["orders"].sum().tolist() == pytest.approx(
        [7 * 23 / 58, 7 * 29 / 58, 7 * 6 / 58]
    )
    assert credit.groupby("month")["revenue"].sum().tolist() == pytest.approx([70, 50])
    assert markov_credit(transitions_of_paths(HAND), months.sample(frac=1, random_state=1)).equals(
        credit
    )


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="step_count: column is missing"):
        removal_effects(pd.DataFrame({"from_state": [], "to_state": [], "value": []}))
