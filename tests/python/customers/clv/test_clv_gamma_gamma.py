"""Spend per purchase: recovery, shrinkage, scale, and what serves where the model fails."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.customers.clv.gamma_gamma import (
    expected_spend,
    fit_spend_model,
    group_spends,
    known_purchases,
    log_likelihood,
    simulate_mean_spend,
)

pytestmark = pytest.mark.filterwarnings("error")

TRUTH = {"p": 6.25, "q": 3.74, "v": 15.44}


def simulated(*, count=4_000, seed=0, truth=TRUTH):
    purchases = np.random.default_rng(seed).geometric(0.4, count)
    spend = simulate_mean_spend(truth, purchase_count=purchases, seed=seed + 1)
    return pd.DataFrame({"purchase_count": purchases, "mean_spend": spend})


@pytest.mark.parametrize("seed", range(5))
def test_parameters_are_recovered_within_their_uncertainty(seed):
    fit = fit_spend_model(simulated(seed=seed))
    error = np.log(fit.array / np.array(list(TRUTH.values())))
    assert fit.model == "gamma_gamma"
    assert np.all(np.abs(error) < 3.5 * np.sqrt(np.diag(fit.log_covariance)))
    assert np.abs(error).max() < 0.35


def test_derivatives_are_those_of_the_likelihood():
    values = {"purchase_count": np.array([1.0, 7.0]), "mean_spend": np.array([3.0, 90.0])}
    point = np.log(list(TRUTH.values()))
    _, score = log_likelihood(np.exp(point), **values)
    for column, step in enumerate(np.eye(3) * 1e-5):
        above, _ = log_likelihood(np.exp(point + step), **values)
        below, _ = log_likelihood(np.exp(point - step), **values)
        assert (above - below) / 2e-5 == pytest.approx(score[:, column], rel=1e-4, abs=1e-6)


def test_expected_spend_shrinks_the_own_mean_to_the_mean_of_all():
    population = TRUTH["p"] * TRUTH["v"] / (TRUTH["q"] - 1)
    count = np.array([0, 1, 5, 10_000])
    spend = expected_spend(TRUTH, purchase_count=count, total_spend=count * 100.0)
    assert spend[0] == pytest.approx(population)
    assert spend[3] == pytest.approx(100.0, rel=1e-3)
    assert np.all(np.diff(spend) > 0)


def test_the_first_purchase_counts_half():
    count, total = known_purchases(
        frequency=[0, 2], repeat_mean_spend=[np.nan, 30.0], first_spend=[10.0, 20.0]
    )
    assert count.tolist() == [0.5, 2.5]
    assert total.tolist() == [5.0, 70.0]


@pytest.mark.parametrize("limit", [0.3, 0.0], ids=["gamma_gamma", "shrunken_mean"])
@pytest.mark.parametrize("factor", [0.01, 1_000.0])
def test_scaling_money_scales_the_spend(limit, factor):
    customers = simulated(count=600)
    scaled = customers.assign(mean_spend=customers["mean_spend"] * factor)
    known = {"purchase_count": [1, 4], "total_spend": np.array([20.0, 200.0])}
    before = expected_spend(fit_spend_model(customers, correlation_limit=limit).parameters, **known)
    known["total_spend"] = known["total_spend"] * factor
    after = expected_spend(fit_spend_model(scaled, correlation_limit=limit).parameters, **known)
    assert after == pytest.approx(before * factor, rel=1e-6)


def test_spend_that_grows_with_frequency_falls_back_to_the_shrunken_mean():
    customers = simulated()
    related = customers.assign(
        mean_spend=customers["mean_spend"] * (1 + customers["purchase_count"])
    )
    fit = fit_spend_model(related)
    assert fit.model == "shrunken_mean"
    assert fit.spend_frequency_correlation > 0.3
    assert np.isnan(fit.log_likelihood)


def test_the_shrunken_mean_is_about_the_model_where_the_model_holds():
    # With q above 4 the variance of a variance exists, and moments are a fair estimate.
    customers = simulated(count=20_000, truth={"p": 6.0, "q": 12.0, "v": 60.0})
    known = {"purchase_count": [0.5, 2.0, 8.0], "total_spend": [30.0, 120.0, 80.0]}
    by_model = expected_spend(fit_spend_model(customers).parameters, **known)
    fallback = fit_spend_model(customers, correlation_limit=0.0)
    assert fallback.model == "shrunken_mean"
    assert expected_spend(fallback.parameters, **known) == pytest.approx(by_model, rel=0.06)


def test_customers_who_all_spend_the_same_are_expected_to_go_on():
    customers = pd.DataFrame({"purchase_count": [1, 2, 3] * 20, "mean_spend": [25.0] * 60})
    fit = fit_spend_model(customers)
    assert fit.model == "shrunken_mean"
    spend = expected_spend(fit.parameters, purchase_count=[0, 3], total_spend=[0, 75])
    assert spend == pytest.approx([25.0, 25.0], rel=1e-5)


@pytest.mark.parametrize(
    "customers",
    [
        {"purchase_count": [], "mean_spend": []},
        {"purchase_count": [0, 0], "mean_spend": [np.nan, np.nan]},
        {"purchase_count": [1, 2], "mean_spend": [0.0, 0.0]},
    ],
    ids=["none", "no_repeats", "zero_spend"],
)
def test_no_spend_is_a_status_and_no_number(customers):
    fit = fit_spend_model(pd.DataFrame(customers, dtype="float64"))
    assert fit.status == "insufficient_data"
    assert fit.parameters == {}


@pytest.mark.parametrize("spend", [[10.0], [10.0, 30.0]])
def test_one_or_two_customers_have_a_shrunken_mean(spend):
    fit = fit_spend_model(pd.DataFrame({"purchase_count": [2] * len(spend), "mean_spend": spend}))
    assert fit.model == "shrunken_mean"
    assert np.isfinite(fit.array).all()


def test_groups_and_row_order_change_nothing():
    customers = simulated()
    fit = fit_spend_model(customers)
    shuffled = fit_spend_model(customers.sample(frac=1, random_state=1))
    grouped = fit_spend_model(group_spends(customers, resolution=0.02))
    assert shuffled.array == pytest.approx(fit.array, rel=1e-9)
    assert grouped.array == pytest.approx(fit.array, rel=2e-3)
