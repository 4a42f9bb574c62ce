"""Which model serves: what served, until another is surely better."""

import json

import numpy as np
import pytest
from scipy.stats import norm

from retail_analytics.statistics.champions import NO_REIGN, Reign, decide, mean_gain

LOSSES = {"old": 1.0, "new": 0.9, "naive": 1.1, "other naive": 1.2}


def decided(reign: Reign, losses: dict[str, float] = LOSSES, *, noise: float = 0.0, best="new"):
    rng = np.random.default_rng(1)

    def cases(name: str) -> np.ndarray:
        return losses[name] + noise * rng.standard_normal(400)

    baseline = min(("naive", "other naive"), key=lambda name: losses[name])
    return decide(best=best, baseline=baseline, losses=losses, case_losses=cases, reign=reign)


def test_the_first_build_serves_the_best_of_its_backtest() -> None:
    found = decided(NO_REIGN)
    assert (found.champion, found.reason, found.gain) == ("new", "first_decision", None)


def test_a_challenger_wins_by_its_interval_and_not_by_its_mean() -> None:
    sure = decided(Reign(champion="old"))
    assert (sure.champion, sure.reason) == ("new", "challenger_won")
    assert sure.gain_lower == pytest.approx(0.1) == sure.gain_upper
    # the same gain of .1 with a standard error of 3 sqrt(2) / 20 = .21
    unsure = decided(Reign(champion="old"), noise=3.0)
    assert (unsure.champion, unsure.reason) == ("old", "challenger_not_surely_better")
    assert unsure.gain_lower < 0 < unsure.gain_upper
    assert decided(Reign(champion="new")).reason == "still_best"


def test_the_interval_is_that_of_paired_differences() -> None:
    differences = np.array([1.0, 2.0, 3.0, 6.0])
    mean, lower, upper = mean_gain(differences)
    half = norm.ppf(0.9) * differences.std() / 2
    assert (mean, lower, upper) == pytest.approx((3.0, 3 - half, 3 + half))
    # a row that stands for three customers is three rows
    assert mean_gain(differences, np.array([3.0, 1, 1, 1])) == pytest.approx(
        mean_gain(np.repeat(differences, [3, 1, 1, 1]))
    )


def test_a_challenger_is_promoted_by_luck_at_most_at_the_stated_rate() -> None:
    """Of two equal models the interval of 80 % lets the challenger win in a tenth of builds."""
    rng = np.random.default_rng(7)
    won = [mean_gain(rng.standard_normal(200))[1] > 0 for _ in range(2_000)]
    assert 0.08 < np.mean(won) < 0.12


def test_a_model_worse_than_its_baseline_twice_gives_way_to_it() -> None:
    losses = {**LOSSES, "old": 1.15, "new": 1.14}
    first = decided(Reign(champion="old"), losses, noise=3.0, best="naive")
    assert (first.champion, first.worse_builds) == ("old", 1)
    second = decided(
        Reign(champion="old", worse_builds=first.worse_builds), losses, noise=3.0, best="naive"
    )
    assert (second.champion, second.reason) == ("naive", "worse_than_baseline_twice")
    assert (second.worse_builds, second.worse_builds_before) == (0, 1)
    # a build between in which it was better begins anew
    assert decided(Reign(champion="old", worse_builds=1), noise=3.0).worse_builds == 0
    # the baseline that serves is never worse than itself
    assert decided(Reign(champion="naive", worse_builds=1), losses, best="naive").worse_builds == 0


def test_a_person_rolls_a_model_back() -> None:
    found = decided(Reign(champion="new", pinned="old"))
    assert (found.champion, found.reason) == ("old", "rolled_back")
    # what could not be measured in this build cannot serve
    gone = decided(Reign(champion="new", pinned="gone"))
    assert (gone.champion, gone.reason, gone.pinned) == ("new", "still_best", "gone")
    assert decided(Reign(champion="gone")).reason == "not_measured"


def test_a_decision_is_written_down_whole() -> None:
    said = json.loads(decided(Reign(champion="old")).to_json())
    assert said["champion"] == "new" and said["champion_before"] == "old"
    assert said["gain_lower"] == pytest.approx(0.1)


@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_a_build_repeated_on_its_day_decides_the_same(noise: float) -> None:
    before = Reign(champion="old", worse_builds=1)
    first = decided(before, noise=noise)
    again = decided(
        Reign(champion=first.champion_before, worse_builds=first.worse_builds_before), noise=noise
    )
    assert again == first
