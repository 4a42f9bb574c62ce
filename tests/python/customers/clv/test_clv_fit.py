"""Fits recover what was simulated, whatever order, unit or grouping, or say that they cannot."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.customers.clv.fit import MODELS, fit_purchase_model, model_fits, read_fit
from retail_analytics.customers.clv.grouping import (
    BIN_COLUMNS,
    bin_values,
    group_histories,
    history_bins,
)
from retail_analytics.customers.clv.maximise import best_of
from retail_analytics.customers.clv.simulate import simulate_histories

pytestmark = pytest.mark.filterwarnings("error")

TRUTH = {
    "bg_nbd": np.array([0.5, 6.0, 0.8, 2.4]),
    "mbg_nbd": np.array([0.6, 6.0, 0.9, 1.8]),
    "pareto_nbd": np.array([0.6, 9.0, 0.6, 10.0]),
}
EVERY_MODEL = pytest.mark.parametrize("name", list(MODELS))


def simulated(name, *, count=6_000, seed=0):
    """Customers of one model in whole and broken days, as `group_histories` reads them."""
    age = np.random.default_rng(seed + 1_000).uniform(20, 80, count)
    customers = simulate_histories(MODELS[name], TRUTH[name], age=age, horizon=0.0, seed=seed)
    return pd.DataFrame(
        {
            "frequency": customers["frequency"],
            "recency_days": customers["recency"] * 7,
            "age_days": customers["age"] * 7,
        }
    )


@EVERY_MODEL
@pytest.mark.parametrize("seed", range(5))
def test_parameters_are_recovered_within_their_uncertainty(name, seed):
    fit = fit_purchase_model(group_histories(simulated(name, seed=seed)), model=name)
    error = np.log(fit.array / TRUTH[name])
    standardised = error / np.sqrt(np.diag(fit.log_covariance))
    assert fit.is_converged
    assert np.all(np.abs(standardised) < 3.5)
    assert np.abs(error[:2]).max() < 0.35


@EVERY_MODEL
def test_every_start_ends_in_the_same_place(name):
    customers = simulated(name)
    values = {
        "frequency": customers["frequency"].to_numpy(),
        "recency": customers["recency_days"].to_numpy() / 300,
        "age": customers["age_days"].to_numpy() / 300,
    }

    def objective(point):
        value, score = MODELS[name].log_likelihood(np.exp(point), **values)
        return float(value.sum()), score.sum(axis=0)

    rate = values["frequency"].sum() / values["age"].sum()
    found = [best_of(objective, starts=[np.log(start)]) for start in MODELS[name].starts(rate=rate)]
    assert len(found) >= 3
    assert np.ptp([optimum.log_likelihood for optimum in found]) < 1e-3


@EVERY_MODEL
def test_row_order_changes_nothing(name):
    customers = simulated(name, count=800)
    shuffled = customers.sample(frac=1, random_state=3)
    first = fit_purchase_model(group_histories(customers), model=name)
    second = fit_purchase_model(group_histories(shuffled), model=name)
    assert second.array == pytest.approx(first.array, rel=1e-9)
    assert second.log_likelihood == pytest.approx(first.log_likelihood, rel=1e-12)


@EVERY_MODEL
def test_the_time_unit_only_rescales_the_time_parameters(name):
    groups = group_histories(simulated(name, count=800))
    weeks = fit_purchase_model(groups, model=name, time_unit_days=7.0)
    days = fit_purchase_model(groups, model=name, time_unit_days=1.0)
    factor = np.array([7.0 if key in ("alpha", "beta") else 1.0 for key in weeks.parameters])
    assert days.array == pytest.approx(weeks.array * factor, rel=1e-9)


def test_counted_groups_fit_like_single_customers():
    customers = simulated("bg_nbd", count=2_000).round()
    counted = customers.value_counts().rename("customer_count").reset_index()
    one_by_one = fit_purchase_model(group_histories(customers), model="bg_nbd")
    grouped = fit_purchase_model(group_histories(counted), model="bg_nbd")
    assert len(counted) < len(customers)
    assert grouped.array == pytest.approx(one_by_one.array, rel=1e-9)
    assert grouped.customer_count == 2_000


@EVERY_MODEL
def test_binning_keeps_the_parameters_within_their_uncertainty(name):
    customers = simulated(name)
    exact = fit_purchase_model(group_histories(customers, resolution=0.0), model=name)
    groups = group_histories(customers, resolution=0.05)
    binned = fit_purchase_model(groups, model=name)
    moved = np.abs(np.log(binned.array / exact.array))
    assert len(groups) < 0.6 * len(customers)
    assert np.all(moved < 0.7 * np.sqrt(np.diag(exact.log_covariance)))


def test_groups_are_bounded_and_keep_every_customer():
    customers = simulated("bg_nbd")
    groups = group_histories(customers, max_groups=1_500)
    assert len(groups) <= 1_500
    assert groups["resolution"].iloc[0] > 0
    assert groups["customer_count"].sum() == len(customers)
    assert not groups.duplicated(BIN_COLUMNS).any()


@pytest.mark.parametrize("resolution", [0.0, 0.05, 0.2])
def test_the_middle_of_a_bin_is_near_the_history(resolution):
    frequency = np.array([0, 1, 3, 20, 21, 90, 500])
    recency = np.array([0, 5, 100, 800, 20, 365, 1_000])
    age = np.array([40, 6, 101, 1_000, 365, 365, 5_000])
    bins = history_bins(
        frequency=frequency, recency_days=recency, age_days=age, resolution=resolution
    )
    middle = bin_values(bins.assign(resolution=resolution), time_unit_days=1.0)
    tolerance = resolution * (age + 7)
    assert np.all(np.abs(middle["age"] - age) <= tolerance)
    assert np.all(np.abs(middle["recency"] - recency) <= 2 * tolerance)
    assert np.all(np.abs(middle["frequency"] - frequency) <= resolution * frequency)
    assert np.all(middle["recency"] <= middle["age"])


def repeated(frequency, recency_days, age_days, count):
    return pd.DataFrame(
        {
            "frequency": [frequency] * count,
            "recency_days": [recency_days] * count,
            "age_days": [age_days] * count,
        }
    )


@EVERY_MODEL
@pytest.mark.parametrize(
    "customers",
    [
        repeated(0, 0, 100, 0),
        repeated(2, 50, 100, 1),
        repeated(2, 50, 100, 2),
        repeated(2, 50, 100, 500),
        repeated(0, 0, 100, 500),
        repeated(0, 0, 0, 500),
        pd.concat([repeated(0, 0, age, 50) for age in range(10, 90, 10)]),
    ],
    ids=["none", "one", "two", "identical", "one_time", "all_new", "one_time_of_many_ages"],
)
def test_too_little_data_is_a_status_and_no_number(name, customers):
    fit = fit_purchase_model(group_histories(customers), model=name)
    assert fit.status == "insufficient_data"
    assert not fit.is_converged
    assert fit.parameters == {}
    assert fit.customer_count == len(customers)


@EVERY_MODEL
def test_customers_who_never_leave_are_fitted_too(name):
    # Nobody leaves, so the parameters of leaving run to the bound and the rest must still be right.
    customers = simulate_histories(
        MODELS["pareto_nbd"], np.array([1.5, 8.0, 1.0, 1e9]), age=np.full(3_000, 60.0),
        horizon=0.0, seed=4,
    )  # fmt: skip
    table = pd.DataFrame(
        {
            "frequency": customers["frequency"],
            "recency_days": customers["recency"] * 7,
            "age_days": customers["age"] * 7,
        }
    )
    fit = fit_purchase_model(group_histories(table), model=name)
    assert fit.is_converged
    assert fit.parameters["r"] / fit.parameters["alpha"] == pytest.approx(1.5 / 8, rel=0.06)


def test_the_table_of_fits_holds_all_that_a_score_needs():
    groups = group_histories(simulated("bg_nbd", count=800))
    fits = [fit_purchase_model(groups, model=name) for name in MODELS]
    nothing = fit_purchase_model(groups.head(0), model="bg_nbd")
    table = model_fits(fits)
    assert list(table["model"]) == list(MODELS)
    assert model_fits([nothing])["status"].tolist() == ["insufficient_data"]
    assert model_fits([]).empty
    again = read_fit(table, model="mbg_nbd")
    assert again.parameters == fits[1].parameters
    assert again.log_covariance == pytest.approx(fits[1].log_covariance)
    with pytest.raises(ValueError, match="model"):
        read_fit(table, model="nbd")


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="age_days"):
        group_histories(pd.DataFrame({"frequency": [1], "recency_days": [1]}))


@pytest.mark.parametrize("recency", [-1.0, 11.0, np.nan])
def test_a_last_purchase_outside_the_age_is_refused(recency):
    impossible = pd.DataFrame({"frequency": [1], "recency_days": [recency], "age_days": [10]})
    with pytest.raises(ValueError, match="recency_days"):
        group_histories(impossible)
