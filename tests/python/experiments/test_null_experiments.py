"""Experiments without an effect: how often one is found."""

import pytest

from retail_analytics.experiments.simulate import VALUES, false_alarms

EXPERIMENTS = 2000


@pytest.mark.parametrize("kind", VALUES)
def test_one_look_errs_as_often_as_it_says_and_sequential_looks_seldom(kind):
    found = false_alarms(
        kind, experiments=EXPERIMENTS, looks=20, units_per_look=150, seed=VALUES.index(kind)
    )
    # two standard errors of a share of .05 in so many experiments are .01
    assert 0.04 <= found.fixed <= 0.06
    assert found.sequential <= 0.05
    # looking often with an interval of one look is what goes wrong
    assert 0.21 <= found.peeking <= 0.28


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="no such kind"):
        false_alarms("mood", experiments=1, looks=1, units_per_look=2, seed=0)
