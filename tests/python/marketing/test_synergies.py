"""A planted interaction is found, and none where there is none."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from retail_analytics.marketing.synergies import q_values, synergies

CHANNELS = np.array(["a", "b", "c", "d"])
EFFECTS = np.array([-1.2, -1.6, -0.9, -2.2])


def tables(journeys: list[tuple[list[str], bool]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the models count: touches by channel and what was seen before, and journeys by set."""
    steps, sets = [], []
    for path, won in journeys:
        for place, channel in enumerate(path):
            earlier = " + ".join(sorted(set(path[:place])))
            steps.append((channel, earlier, 1, int(won and place == len(path) - 1)))
        sets.append((" + ".join(sorted(set(path))), 1, int(won)))
    return (
        pd.DataFrame(steps, columns=["channel", "earlier_set", "touch_count", "order_count"]),
        pd.DataFrame(sets, columns=["channel_set", "journey_count", "order_count"]),
    )


def by_touch(rng: np.random.Generator, *, planted: float, size: int) -> list:
    """Every touch may win and end the journey; b after a and a after b win more often."""
    journeys = []
    for length in rng.geometric(0.4, size):
        path: list[str] = []
        won = False
        for channel in rng.choice(4, min(length, 8), p=[0.3, 0.3, 0.2, 0.2]):
            other = {0: "b", 1: "a"}.get(int(channel))
            path.append(CHANNELS[channel])
            won = rng.random() < expit(EFFECTS[channel] + planted * (other in path[:-1]))
            if won:
                break
        journeys.append((path, won))
    return journeys


def at_the_end(rng: np.random.Generator, *, planted: float, size: int) -> list:
    """The channels of a journey are given, and only its end decides."""
    journeys = []
    for has in rng.random((size, 4)) < 0.45:
        path = list(rng.permutation(CHANNELS[has]))
        if path:
            odds = -1 + has @ np.array([0.6, 0.2, 0.8, -0.3]) + planted * (has[0] and has[1])
            journeys.append((path, rng.random() < expit(odds)))
    return journeys


def found(journeys, **settings) -> pd.DataFrame:
    table = synergies(
        *tables(journeys),
        **({"fewest_journeys": 20, "most_channels": 20, "least_interaction": 0.3} | settings),
    )
    return table.set_index(["channel_a", "channel_b"])


@pytest.mark.parametrize("world", [by_touch, at_the_end])
def test_a_planted_pair_is_found_and_the_others_are_not(world):
    table = found(world(np.random.default_rng(1), planted=0.9, size=12_000))
    assert table.loc[("a", "b"), "verdict"] == "synergy"
    assert table.loc[("a", "b"), "interaction"] > 0.3
    others = table.drop(index=("a", "b"))
    assert (others["verdict"] != "synergy").all()
    assert (others["interaction"].abs() < 0.5).all()


@pytest.mark.parametrize("world", [by_touch, at_the_end])
def test_without_interaction_few_are_claimed_and_intervals_hold_zero(world):
    claims, covered = [], []
    for seed in range(25):
        table = found(world(np.random.default_rng(seed), planted=0.0, size=2_000))
        claims.append((table["q_value"] < 0.1).any())
        covered += list((table["interaction_lower"] <= 0) & (table["interaction_upper"] >= 0))
    assert np.mean(claims) <= 0.25
    assert 0.75 <= np.mean(covered) <= 0.95


def test_rows_in_parts_and_out_of_order_change_nothing():
    journeys = by_touch(np.random.default_rng(3), planted=0.3, size=2_000)
    steps, sets = tables(journeys)
    whole = synergies(
        steps.groupby(["channel", "earlier_set"], as_index=False).sum(),
        sets.groupby("channel_set", as_index=False).sum(),
        fewest_journeys=20,
        most_channels=20,
    )
    parts = synergies(steps.iloc[::-1], sets.iloc[::-1], fewest_journeys=20, most_channels=20)
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-9)


def test_few_journeys_say_so():
    table = found([(["a", "b"], True), (["a"], False), (["b"], True), (["b", "a"], False)])
    assert table["status"].tolist() == ["insufficient_data"]
    assert table["verdict"].tolist() == ["unknown"]
    assert table[["interaction", "q_value"]].isna().all(axis=None)
    assert table["together_count"].tolist() == [2]


def test_one_channel_has_no_pair():
    steps, sets = tables([(["a", "a"], True), (["a"], False)])
    assert synergies(steps, sets, fewest_journeys=1, most_channels=20).empty


def test_many_channels_are_compared_up_to_a_limit():
    journeys = [([f"c{n:03}", f"c{n + 1:03}"], n % 3 == 0) for n in range(200)]
    assert len(found(journeys, most_channels=10)) == 45


def test_q_values_of_benjamini_and_hochberg():
    found = q_values(np.array([0.01, 0.04, np.nan, 0.03, 0.2]))
    assert found[[0, 1, 3, 4]].tolist() == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.2])
    assert np.isnan(found[2])
