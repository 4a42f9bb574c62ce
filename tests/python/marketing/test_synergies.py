"""A planted interaction is found, and none where there is none."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from retail_analytics.marketing.synergies import q_values, synergies

CHANNELS = ["a", "b", "c", "d"]


def drawn(rng: np.random.Generator, *, planted: float, journeys: int = 20_000) -> pd.DataFrame:
    """Journeys with one channel or more; a and b together add `planted` to the log odds."""
    has = rng.random((journeys, 4)) < [0.4, 0.35, 0.3, 0.25]
    has = has[has.any(axis=1)]
    odds = -2 + has @ np.array([0.6, 0.3, 0.8, 0.0]) + planted * (has[:, 0] & has[:, 1])
    won = rng.random(len(has)) < expit(odds)
    names = [" + ".join(np.array(CHANNELS)[row]) for row in has]
    frame = pd.DataFrame({"channel_set": names, "order_count": won.astype(int), "journey_count": 1})
    return frame.groupby("channel_set", as_index=False).sum()


def found(sets: pd.DataFrame, **settings) -> pd.DataFrame:
    table = synergies(sets, **({"fewest_journeys": 20, "most_channels": 30} | settings))
    return table.set_index(["channel_a", "channel_b"])


def test_a_planted_pair_is_found_and_the_others_are_not():
    table = found(drawn(np.random.default_rng(1), planted=0.7))
    assert table.loc[("a", "b"), "q_value"] < 0.01
    assert table.loc[("a", "b"), "interaction"] == pytest.approx(0.7, abs=0.2)
    assert (table.drop(index=("a", "b"))["q_value"] > 0.1).all()


def test_without_interaction_few_are_claimed_and_intervals_hold_zero():
    claims, covered = [], []
    for seed in range(40):
        table = found(drawn(np.random.default_rng(seed), planted=0.0, journeys=4_000))
        claims.append((table["q_value"] < 0.1).any())
        covered += list((table["interaction_lower"] <= 0) & (table["interaction_upper"] >= 0))
    assert np.mean(claims) <= 0.2
    assert 0.72 <= np.mean(covered) <= 0.88


def test_rows_in_parts_and_out_of_order_change_nothing():
    sets = drawn(np.random.default_rng(3), planted=0.3)
    parts = pd.concat(
        [
            sets.assign(journey_count=sets["order_count"]),
            sets.assign(journey_count=sets["journey_count"] - sets["order_count"], order_count=0),
        ]
    ).iloc[::-1]
    pd.testing.assert_frame_equal(found(sets), found(parts), rtol=1e-9)


def test_few_journeys_say_so():
    sets = pd.DataFrame(
        {"channel_set": ["a", "a + b", "b"], "journey_count": [9, 4, 9], "order_count": [3, 2, 1]}
    )
    table = found(sets)
    assert table["status"].tolist() == ["insufficient_data"]
    assert table[["interaction", "q_value"]].isna().all(axis=None)
    assert table["together_count"].tolist() == [4]


def test_one_channel_has_no_pair():
    sets = pd.DataFrame({"channel_set": ["a"], "journey_count": [5], "order_count": [2]})
    assert synergies(sets, fewest_journeys=1, most_channels=30).empty


def test_many_channels_are_compared_up_to_a_limit():
    sets = pd.DataFrame(
        {
            "channel_set": [f"c{n:03} + c{n + 1:03}" for n in range(200)],
            "journey_count": 10,
            "order_count": 3,
        }
    )
    assert len(synergies(sets, fewest_journeys=1, most_channels=10)) == 45


def test_q_values_of_benjamini_and_hochberg():
    found = q_values(np.array([0.01, 0.04, np.nan, 0.03, 0.2]))
    assert found[[0, 1, 3, 4]].tolist() == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.2])
    assert np.isnan(found[2])
