"""Quantiles by bootstrap: the spread of real resamples, and coverage."""

import numpy as np
import pytest

from retail_analytics.experiments.quantiles import compare_quantiles, resample_levels


def compared(control, treated, *, quantile, seed=0):
    drawn = [
        np.quantile(v, resample_levels(quantile, share_variance=quantile * (1 - quantile) / len(v)))
        for v in (control, treated)
    ]
    estimates = [np.quantile(v, quantile) for v in (control, treated)]
    return compare_quantiles(
        *drawn, control_estimate=estimates[0], treated_estimate=estimates[1], alpha=0.05, seed=seed
    )


def test_interval_is_that_of_real_resamples():
    rng = np.random.default_rng(5)
    control, treated = rng.lognormal(5, 0.6, 1500), rng.lognormal(5.1, 0.6, 1500)
    found, _ = compared(control, treated, quantile=0.9)
    real = [
        np.quantile(rng.choice(treated, 1500), 0.9) - np.quantile(rng.choice(control, 1500), 0.9)
        for _ in range(2000)
    ]
    assert found.standard_error[0] == pytest.approx(np.std(real), rel=0.06)
    width = np.subtract(*np.quantile(real, [0.975, 0.025]))
    assert found.upper[0] - found.lower[0] == pytest.approx(width, rel=0.08)


@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_intervals_cover_and_a_null_is_seldom_found(quantile):
    rng = np.random.default_rng(6)
    found = [
        compared(*rng.lognormal(5, 0.6, (2, 400)), quantile=quantile, seed=n)[0] for n in range(400)
    ]
    covered = np.mean([f.lower[0] <= 0 <= f.upper[0] for f in found])
    assert 0.92 <= covered <= 0.985
    assert np.mean([f.p_value[0] < 0.05 for f in found]) <= 0.08


def test_values_that_never_differ_have_no_p_value_and_relative_needs_a_positive_base():
    difference, relative = compared(np.full(50, 3.0), np.full(50, 3.0), quantile=0.5)
    assert np.isnan(difference.p_value[0]) and np.isnan(relative.p_value[0])
    rng = np.random.default_rng(7)
    difference, relative = compared(rng.normal(0, 1, 50) - 9, rng.normal(0, 1, 50), quantile=0.5)
    assert difference.p_value[0] < 0.01 and np.isnan(relative.estimate[0])


def test_the_same_seed_gives_the_same_figures_and_scale_does_not_matter():
    rng = np.random.default_rng(8)
    control, treated = rng.lognormal(5, 0.6, (2, 300))
    one, two = (compared(control * k, treated * k, quantile=0.95, seed=3)[0] for k in (1.0, 1000.0))
    assert two.lower[0] == pytest.approx(1000 * one.lower[0])
    assert two.p_value[0] == one.p_value[0]
