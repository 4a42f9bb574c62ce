"""Changes of level: those of the design are found, noise and persistence are none."""

import numpy as np
import pytest

from retail_analytics.statistics.changes import level_changes, optimal_partition, persistence


def autoregressive(draw, size, rho):
    shocks = draw.normal(size=size + 60)
    for place in range(1, len(shocks)):
        shocks[place] += rho * shocks[place - 1]
    return shocks[60:]


def test_the_breaks_of_the_known_series():
    """24 points at levels 100, 120 and 90: breaks 8 and 16."""
    noise = np.array([1.2, -0.4, 0.8, -1.5, 0.3, -0.9, 1.1, -0.6])
    values = np.concatenate([100 + noise, 120 - noise, 90 + noise[::-1]])
    found = level_changes(values)
    assert [change.place for change in found] == [8, 16]
    assert [round(change.size) for change in found] == [20, -30]
    for change, truth in zip(found, [20, -30], strict=True):
        assert change.size_lower <= truth <= change.size_upper
    sigma = 1.0
    assert optimal_partition(values, penalty=3 * sigma**2 * np.log(24)) == [8, 16]


def test_the_partition_is_the_best_of_all():
    values = np.random.default_rng(1).normal(size=9)
    values[5:] += 3

    def cost(edges):
        return sum(
            ((values[a:b] - values[a:b].mean()) ** 2).sum()
            for a, b in zip(edges[:-1], edges[1:], strict=True)
        ) + 2.0 * (len(edges) - 2)

    every = [[0, 9]] + [[0, a, 9] for a in range(2, 8)]
    every += [[0, a, b, 9] for a in range(2, 6) for b in range(a + 2, 8)]
    every += [[0, a, b, c, 9] for a in [2] for b in [4, 5] for c in range(b + 2, 8)]
    every += [[0, 3, 5, 7, 9]]
    assert [0, *optimal_partition(values, penalty=2.0), 9] == min(every, key=cost)


@pytest.mark.parametrize(("size", "rho", "most"), [(52, 0, 0.03), (156, 0, 0.02), (156, 0.6, 0.08)])
def test_noise_has_no_change(size, rho, most):
    draw = np.random.default_rng(3)
    found = [len(level_changes(autoregressive(draw, size, rho))) > 0 for _ in range(150)]
    assert np.mean(found) <= most


@pytest.mark.parametrize(("rho", "least"), [(0, 0.95), (0.3, 0.85)])
def test_a_planted_change_is_found_at_its_place(rho, least):
    draw = np.random.default_rng(4)
    found = covered = 0
    for _ in range(100):
        values = autoregressive(draw, 156, rho)
        values[90:] += 3
        changes = level_changes(values)
        found += len(changes) == 1 and abs(changes[0].place - 90) <= 2
        covered += len(changes) == 1 and changes[0].size_lower <= 3 <= changes[0].size_upper
    assert found / 100 >= least
    assert covered / 100 >= 0.7


def test_nothing_is_said_of_short_constant_or_mostly_missing_series():
    assert level_changes(np.array([1.0, 9, 1, 9])) == []
    assert level_changes(np.full(50, 3.0)) == []
    assert level_changes(np.full(50, np.nan)) == []
    assert optimal_partition(np.array([1.0]), penalty=1.0) == []


def test_gaps_keep_the_place_of_a_change():
    values = np.r_[np.zeros(30), np.full(30, 9.0)] + np.tile([0.1, -0.1], 30)
    values[5:15] = np.nan
    assert [change.place for change in level_changes(values)] == [30]


def test_persistence_is_read_past_changes_of_level():
    draw = np.random.default_rng(5)
    for rho in (0.0, 0.5):
        series = [autoregressive(draw, 156, rho) + 8.0 * (np.arange(156) > 80) for _ in range(60)]
        assert np.mean([persistence(one) for one in series]) == pytest.approx(rho, abs=0.12)
