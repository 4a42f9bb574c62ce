"""Differences, intervals and p-values against published figures, and what must always hold."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from retail_analytics.experiments.comparisons import (
    Arms,
    Covariate,
    adjusted,
    chance_to_win,
    confidence_sequence,
    difference,
    fixed_horizon,
    holm,
    pooled_slope,
    ratio_arms,
    relative_difference,
    sample_variance,
    welch_degrees,
    with_shared_spread,
)

SMALL = Path(__file__).resolve().parents[4] / "shared" / "data" / "experiment_small"
TUNING = 5000


def arms(values):
    return Arms(np.array([len(values)]), np.array([values.mean()]), np.array([values.var(ddof=1)]))


@pytest.fixture
def units():
    if not SMALL.exists():
        pytest.skip(f"{SMALL} is not there")
    return pd.read_csv(SMALL / "units.csv")


@pytest.fixture
def answers(units):
    return pd.read_csv(SMALL / "answers.csv").set_index(["method", "scale"])


def split(units, column):
    return [arms(units.loc[units["variant"] == v, column].to_numpy(float)) for v in (0, 1)]


def compare(method, estimate, error, control, treated):
    if method.endswith("sequential_5000"):
        units = control.units + treated.units
        return confidence_sequence(estimate, error, units=units, alpha=0.05, tuning=TUNING)
    degrees = welch_degrees(control, treated)
    return fixed_horizon(estimate, error, degrees=degrees, alpha=0.05)


def assert_answer(found, answer):
    assert found.estimate[0] == pytest.approx(answer["estimate"], abs=1e-9)
    assert found.lower[0] == pytest.approx(answer["lower_95"], abs=1e-9)
    assert found.upper[0] == pytest.approx(answer["upper_95"], abs=1e-9)
    assert found.p_value[0] == pytest.approx(answer["p_value"], abs=1e-9)
    assert found.standard_error[0] == pytest.approx(answer["standard_error"], abs=1e-9)


@pytest.mark.parametrize("method", ["welch", "sequential_5000"])
def test_plain_comparisons_are_the_known_answers(units, answers, method):
    control, treated = split(units, "post")
    assert_answer(
        compare(method, *difference(control, treated), control, treated),
        answers.loc[(method, "difference")],
    )
    assert_answer(
        compare(method, *relative_difference(control, treated), control, treated),
        answers.loc[(method, "relative")],
    )


@pytest.mark.parametrize("method", ["cuped", "cuped_sequential_5000"])
def test_cuped_is_the_known_answers(units, answers, method):
    plain, before = split(units, "post"), []
    for variant in (0, 1):
        arm = units[units["variant"] == variant]
        moments = np.cov(arm["pre"], arm["post"])
        before.append(Covariate(np.array([arm["pre"].mean()]), moments[:1, 0], moments[:1, 1]))
    slope = pooled_slope(*plain, *before)
    assert slope[0] == pytest.approx(0.8179449321, abs=1e-10)
    control, treated = (adjusted(*each, slope) for each in zip(plain, before, strict=True))
    estimate, error = difference(control, treated)
    assert_answer(
        compare(method, estimate, error, control, treated), answers.loc[(method, "difference")]
    )
    kept = (error / difference(*plain)[1]) ** 2
    assert kept[0] == pytest.approx(0.2239, abs=5e-5)
    if method == "cuped":
        mixed = [
            Arms(a.units, p.mean, a.variance)
            for a, p in zip((control, treated), plain, strict=True)
        ]
        assert_answer(
            compare(method, *relative_difference(*mixed, estimate=estimate), control, treated),
            answers.loc[(method, "relative")],
        )


def test_ratio_by_the_delta_method_is_the_known_answers(units, answers):
    found = []
    for variant in (0, 1):
        arm = units[units["variant"] == variant]
        moments = np.cov(arm["post"], arm["den"])
        found.append(
            ratio_arms(
                units=np.array([len(arm)]),
                mean=np.array([arm["post"].mean()]),
                variance=moments[:1, 0],
                denominator_mean=np.array([arm["den"].mean()]),
                denominator_variance=moments[1:, 1],
                covariance=moments[:1, 1],
            )
        )
    for scale, estimates in (("difference", difference), ("relative", relative_difference)):
        assert_answer(
            compare("ratio_delta", *estimates(*found), *found),
            answers.loc[("ratio_delta", scale)],
        )


def test_holm_is_the_known_answer_in_any_order_and_leaves_out_what_is_unknown():
    p_values = np.array([0.03, np.nan, 0.001, 0.5, 0.012, 0.04])
    assert holm(p_values) == pytest.approx([0.09, np.nan, 0.005, 0.5, 0.048, 0.09], nan_ok=True)
    assert len(holm(np.array([]))) == 0


def test_welch_is_scipys():
    rng = np.random.default_rng(1)
    for size in (2, 5, 40):
        one, two = rng.exponential(size=size), rng.normal(size=size + 3)
        control, treated = arms(one), arms(two)
        found = compare("welch", *difference(control, treated), control, treated)
        reference = stats.ttest_ind(two, one, equal_var=False)
        assert found.p_value[0] == pytest.approx(reference.pvalue)
        interval = reference.confidence_interval(0.95)
        assert (found.lower[0], found.upper[0]) == pytest.approx((interval.low, interval.high))


def test_variance_from_sums_is_that_of_the_values():
    values = np.random.default_rng(2).normal(5, 2, 50)
    found = sample_variance(np.sum(values**2), np.sum(values), np.array(50))
    assert found == pytest.approx(values.var(ddof=1))
    assert np.isnan(sample_variance(np.array(4.0), np.array(2.0), np.array(1)))


def test_sequential_interval_is_never_inside_the_fixed_one_and_agrees_with_its_p_value():
    for size in (50, 5000, 500_000):
        for z in (0.5, 2.5, 3.4, 6.0):
            n = np.array([size / 2])
            control, treated = (
                Arms(n, np.array([0.0]), np.array([1.0])),
                Arms(n, np.array([z * np.sqrt(4 / size)]), np.array([1.0])),
            )
            estimate, error = difference(control, treated)
            fixed = compare("welch", estimate, error, control, treated)
            always = compare("sequential_5000", estimate, error, control, treated)
            assert always.lower[0] < fixed.lower[0] < fixed.upper[0] < always.upper[0]
            assert (always.p_value[0] < 0.05) == (always.lower[0] > 0)


def test_nothing_to_compare_has_no_p_value():
    nobody = Arms(np.array([0.0]), np.array([np.nan]), np.array([np.nan]))
    single = Arms(np.array([1.0]), np.array([2.0]), np.array([np.nan]))
    constant = Arms(np.array([9.0]), np.array([2.0]), np.array([0.0]))
    for other in (nobody, single, constant):
        for method in ("welch", "sequential_5000"):
            found = compare(method, *difference(constant, other), constant, other)
            assert np.isnan(found.p_value[0]) and np.isnan(found.lower[0])
    chance = chance_to_win(np.array([0.0]), np.array([0.0]), higher_is_better=np.array([True]))
    assert np.isnan(chance[0])
    assert np.isnan(relative_difference(Arms(*[np.array([0.0])] * 3), constant)[0][0])


def test_chance_to_win_turns_with_the_direction():
    estimate, error = np.array([1.0, 1.0]), np.array([1.0, 1.0])
    found = chance_to_win(estimate, error, higher_is_better=np.array([True, False]))
    assert found == pytest.approx([0.8413447, 0.1586553])


def test_figures_keep_with_the_scale_of_money_and_the_order_of_units():
    rng = np.random.default_rng(3)
    before, noise = rng.gamma(2, 20, 400), rng.normal(0, 9, 400)
    value, variant = before + noise, np.arange(400) % 2

    def found(scale, order):
        x, y, arm = before[order] * scale, value[order] * scale, variant[order]
        plain = [arms(y[arm == v]) for v in (0, 1)]
        known = []
        for v in (0, 1):
            moments = np.cov(x[arm == v], y[arm == v])
            known.append(Covariate(np.array([x[arm == v].mean()]), moments[:1, 0], moments[:1, 1]))
        slope = pooled_slope(*plain, *known)
        pair = [adjusted(*each, slope) for each in zip(plain, known, strict=True)]
        result = compare("welch", *difference(*pair), *pair)
        return result.estimate[0] / scale, result.p_value[0]

    straight = np.arange(400)
    assert found(0.01, straight) == pytest.approx(found(1e4, straight[::-1]), rel=1e-9)


def test_cuped_never_widens_by_more_than_one_in_a_hundred():
    rng = np.random.default_rng(4)
    widest = 0.0
    for _ in range(200):
        x, y = rng.exponential(size=400), rng.exponential(size=400)
        plain, known = [arms(y[:200]), arms(y[200:])], []
        for part in (slice(0, 200), slice(200, 400)):
            moments = np.cov(x[part], y[part])
            known.append(Covariate(np.array([x[part].mean()]), moments[:1, 0], moments[:1, 1]))
        slope = pooled_slope(*plain, *known)
        pair = [adjusted(*each, slope) for each in zip(plain, known, strict=True)]
        widest = max(widest, (difference(*pair)[1] / difference(*plain)[1])[0])
    assert widest < 1.01


def test_the_variance_of_a_ratio_is_that_of_what_a_line_through_it_leaves():
    rng = np.random.default_rng(8)
    x = rng.gamma(4, size=500)
    y = 0.7 * x + rng.normal(0, 0.5, size=500)
    found = ratio_arms(
        units=np.array([500]),
        mean=np.array([y.mean()]),
        variance=np.array([y.var(ddof=1)]),
        denominator_mean=np.array([x.mean()]),
        denominator_variance=np.array([x.var(ddof=1)]),
        covariance=np.array([np.cov(x, y)[0, 1]]),
    )
    ratio = y.mean() / x.mean()
    assert found.mean[0] == pytest.approx(ratio)
    assert found.variance[0] == pytest.approx((y - ratio * x).var(ddof=1) / x.mean() ** 2)
    # of x / x nothing is left to chance
    ones = ratio_arms(
        units=np.array([500]),
        mean=np.array([2.0]),
        variance=np.array([3.0]),
        denominator_mean=np.array([2.0]),
        denominator_variance=np.array([3.0]),
        covariance=np.array([3.0]),
    )
    assert ones.mean[0] == 1 and ones.variance[0] == pytest.approx(0)


def test_an_arm_in_which_nothing_happened_is_not_certain_of_it():
    rng = np.random.default_rng(9)
    found = {}
    for name, prepare in (("alone", lambda *pair: pair), ("shared", with_shared_spread)):
        units = [np.full(4000, 40.0), np.full(4000, 400.0)]
        counts = [rng.binomial(int(n[0]), 0.05, 4000) for n in units]
        pair = prepare(
            *(Arms(n, k / n, k / n * (1 - k / n)) for n, k in zip(units, counts, strict=True))
        )
        result = compare("welch", *difference(*pair), *pair)
        found[name] = np.mean((result.p_value < 0.05) & (counts[0] == 0))
    # of 40 units none has anything in about one case of eight, and all these were beyond chance
    assert found["alone"] > 0.1
    assert found["shared"] == 0
    nothing, some = (
        Arms(*np.array([[40.0], [0.0], [0.0]])),
        Arms(*np.array([[400.0], [1.0], [1.0]])),
    )
    assert with_shared_spread(nothing, nothing)[0].variance[0] == 0
    assert with_shared_spread(some, nothing)[1].variance[0] == 1
    # what is far out is seen all the same
    pair = with_shared_spread(nothing, some)
    assert compare("welch", *difference(*pair), *pair).p_value[0] < 1e-6
