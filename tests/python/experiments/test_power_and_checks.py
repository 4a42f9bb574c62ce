"""Sample sizes, sample ratio, and what both must say of nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from retail_analytics.experiments.checks import same_shares, sample_ratio, sample_ratio_holds
from retail_analytics.experiments.power import days_until, smallest_effect, units_per_arm

COOKIE_CATS = Path(__file__).resolve().parents[4] / "shared" / "data" / "cookie_cats"


def test_sample_ratio_of_cookie_cats_is_the_known_answer():
    statistic, p_value = sample_ratio([44_700, 45_489], [0.5, 0.5])
    assert statistic == pytest.approx(6.902405, abs=5e-7)
    assert p_value == pytest.approx(0.008607988, abs=5e-10)
    if not COOKIE_CATS.exists():
        pytest.skip(f"{COOKIE_CATS} is not there; the counts are those of its README")
    versions = pd.read_parquet(COOKIE_CATS / "cookie_cats.parquet")["version"].value_counts()
    assert versions.tolist() == [45_489, 44_700]


def test_sample_ratio_says_nothing_of_nothing_and_all_of_what_was_not_planned():
    assert np.isnan(sample_ratio([], [])[1])
    assert np.isnan(sample_ratio([0, 0], [1, 1])[1])
    assert np.isnan(sample_ratio([7], [1])[1])
    assert sample_ratio([50, 50, 1], [0.5, 0.5, 0])[1] == 0
    assert sample_ratio([0, 30], [1, 1])[1] < 1e-6


@pytest.mark.parametrize(
    ("counts", "status", "said"),
    [
        ([5_000, 5_000], "passed", "p 1"),
        # p .004: passes the limit, and not the warning
        ([5_000, 5_290], "passed", "fails the stricter"),
        ([5_000, 5_500], "failed", "not split as planned"),
        ([5_000, 5_345], "failed", "; chance alone brings that in 1 of 1,400 tests"),
        ([5_000, 5_600], "failed", "; chance alone brings that in less than 1 of 1,000,000 tests"),
        ([0, 0], "not_applicable", "no split"),
    ],
)
def test_a_split_fails_where_chance_hardly_makes_it(counts, status, said):
    arms = pd.DataFrame({"variant": ["old", "new"], "unit_count": counts, "planned_share": 0.5})
    arms["is_planned"] = True
    settings = {"sample_ratio_limit": 0.001, "sample_ratio_warning": 0.01}
    found = sample_ratio_holds(arms, settings)
    assert found["status"] == status and said in found["detail"]


def test_same_shares_is_the_chi_square_of_the_table():
    table = np.array([[30, 70], [45, 55], [20, 80]])
    reference = stats.chi2_contingency(table, correction=False)
    found = same_shares(table[:, 0], table.sum(axis=1))
    assert found == pytest.approx((reference.statistic, reference.pvalue))
    assert np.isnan(same_shares([0, 0], [9, 9])[1])
    assert np.isnan(same_shares([3], [9])[1])


def test_so_many_units_find_the_effect_as_often_as_they_should():
    needed = units_per_arm(variance=4.0, effect=0.25, alpha=0.05, power=0.8)
    # 2 (1.959964 + 0.841621)^2 4 / 0.0625
    assert needed == 1005
    rng, size = np.random.default_rng(9), int(needed)
    found = [
        stats.ttest_ind(rng.normal(0.25, 2, size), rng.normal(0, 2, size)).pvalue < 0.05
        for _ in range(600)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)
    error = np.sqrt(2 * 4.0 / needed)
    assert smallest_effect(error, alpha=0.05, power=0.8) == pytest.approx(0.25, rel=1e-3)


def test_no_effect_and_no_variance_need_no_number():
    assert np.isnan(units_per_arm(variance=4.0, effect=0.0, alpha=0.05, power=0.8))
    assert np.isnan(units_per_arm(variance=0.0, effect=1.0, alpha=0.05, power=0.8))
    assert np.isnan(units_per_arm(variance=np.nan, effect=1.0, alpha=0.05, power=0.8))


def test_days_are_those_on_which_the_units_have_come():
    reached = np.array([10, 25, 25, 40])
    found = days_until(np.array([1, 10, 11, 26, 41, np.nan]), reached)
    assert found == pytest.approx([1, 1, 2, 4, np.nan, np.nan], nan_ok=True)
