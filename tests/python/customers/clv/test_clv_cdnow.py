"""Known answers on CDNOW: 39 weeks fitted, 39 held out, several purchases of a day counted once."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from retail_analytics.customers.clv.backtest import backtest, choose_model, top_share
from retail_analytics.customers.clv.fit import BASELINES, MODELS, fit_purchase_model
from retail_analytics.customers.clv.gamma_gamma import fit_spend_model
from retail_analytics.customers.clv.grouping import group_histories

DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "cdnow"

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no data in {DATA}"),
]

SPLIT, HOLDOUT_DAYS = "1997-09-30", 273
# Fader, Hardie and Lee (2005), table 2; the MBG/NBD as the R package BTYDplus documents it.
PUBLISHED = {
    "bg_nbd": ([0.243, 4.414, 0.793, 2.426], -9582.4),
    "mbg_nbd": ([0.525, 6.183, 0.891, 1.614], -9582.1),
    "pareto_nbd": ([0.553, 10.578, 0.606, 11.669], -9595.0),
}


def histories(name):
    return duckdb.sql(
        f"""
        with days as (
            select customer_id, date as bought_on, sum(dollar_value) as spend
            from '{DATA}/{name}.parquet'
            group by all
        ),

        firsts as (
            select *, min(bought_on) over (partition by customer_id) as first_on, from days
        )

        select
            customer_id,
            count(*) filter (bought_on <= date '{SPLIT}') - 1 as frequency,
            max(bought_on) filter (bought_on <= date '{SPLIT}') - any_value(first_on)
                as recency_days,
            date '{SPLIT}' - any_value(first_on) as age_days,
            avg(spend) filter (bought_on <= date '{SPLIT}' and bought_on > first_on)
                as repeat_mean_spend,
            max(spend) filter (bought_on = first_on) as first_spend,
            count(*) filter (bought_on > date '{SPLIT}') as holdout_orders,
            coalesce(sum(spend) filter (bought_on > date '{SPLIT}'), 0) as holdout_spend,
        from firsts
        group by customer_id
        """
    ).df()


@pytest.fixture(scope="module")
def sample():
    return histories("cdnow_sample")


@pytest.fixture(scope="module")
def whole():
    return histories("cdnow_master")


@pytest.fixture(scope="module")
def sample_backtest(sample):
    return backtest(sample, horizon_days=HOLDOUT_DAYS)


def metric(table, model, target, name):
    rows = table[
        (table["model"] == model) & (table["target"] == target) & (table["metric"] == name)
    ]
    return rows["value"].iloc[0]


def test_the_sample_is_the_published_one(sample):
    assert len(sample) == 2_357
    assert (sample["frequency"] > 0).sum() == 946
    assert sample["holdout_orders"].sum() == 1_882


@pytest.mark.parametrize("name", list(MODELS))
def test_published_parameters(sample, name):
    parameters, log_likelihood = PUBLISHED[name]
    fit = fit_purchase_model(group_histories(sample), model=name)
    assert fit.is_converged
    assert fit.array == pytest.approx(parameters, abs=6e-4)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=0.06)


def test_published_gamma_gamma_parameters(sample):
    renamed = {"frequency": "purchase_count", "repeat_mean_spend": "mean_spend"}
    fit = fit_spend_model(sample.rename(columns=renamed))
    assert fit.model == "gamma_gamma"
    assert fit.customer_count == 946
    assert fit.array == pytest.approx([6.25, 3.74, 15.44], abs=6e-3)
    assert fit.spend_frequency_correlation == pytest.approx(0.11, abs=6e-3)


def test_the_served_model_meets_the_marks(sample_backtest):
    served = choose_model(sample_backtest)
    assert served in MODELS
    assert abs(metric(sample_backtest, served, "orders", "total_error_rate")) <= 0.16
    assert metric(sample_backtest, served, "orders", "mean_absolute_error") <= 0.79
    assert metric(sample_backtest, served, "orders", "correlation") >= 0.62
    assert metric(sample_backtest, served, "value", "top_decile_share") >= 0.50


@pytest.mark.parametrize("target", ["orders", "value"])
@pytest.mark.parametrize("name", list(MODELS))
def test_intervals_cover_what_they_say(sample_backtest, name, target):
    for coverage in ("coverage_rate", "randomised_coverage_rate"):
        assert 0.75 <= metric(sample_backtest, name, target, coverage) <= 0.85


def test_every_model_beats_both_naive_forecasts(sample_backtest):
    errors = sample_backtest[
        sample_backtest["metric"].isin(["ranked_probability_score", "mean_absolute_error"])
    ]
    assert set(sample_backtest["baseline"]) == set(BASELINES)
    assert (errors["value"] < errors["baseline_value"]).all()


def test_whole_cdnow(whole):
    table = backtest(whole, horizon_days=HOLDOUT_DAYS, models=["pareto_nbd"])
    served = choose_model(table)
    assert served == "pareto_nbd"
    assert table["rows"].eq(23_570).all()
    assert abs(metric(table, served, "orders", "total_error_rate")) <= 0.16
    assert metric(table, served, "value", "top_decile_share") >= 0.50
    for target in ("orders", "value"):
        assert 0.75 <= metric(table, served, target, "coverage_rate") <= 0.85
    # The sample is a tenth of the whole, so their parameters are near each other.
    fit = fit_purchase_model(group_histories(whole), model="bg_nbd")
    assert fit.array == pytest.approx(PUBLISHED["bg_nbd"][0], rel=0.12)


def test_a_baseline_serves_where_no_model_beats_it(sample_backtest):
    worse = sample_backtest.assign(value=sample_backtest["value"] + 1)
    assert choose_model(worse) in BASELINES


def test_without_enough_data_there_is_no_backtest(sample):
    table = backtest(sample.head(5), horizon_days=HOLDOUT_DAYS)
    assert table.empty
    assert choose_model(table) == "pareto_nbd"


def test_bg_nbd_serves_only_where_it_is_clearly_better(sample_backtest):
    own = sample_backtest["model"].eq("bg_nbd") & sample_backtest["target"].eq("orders")
    score = sample_backtest["metric"].eq("ranked_probability_score") & own
    total = sample_backtest["metric"].eq("total_error_rate") & own
    lowest = sample_backtest.loc[
        sample_backtest["metric"].eq("ranked_probability_score")
        & sample_backtest["target"].eq("orders"),
        "value",
    ].min()
    close = sample_backtest.assign(
        value=sample_backtest["value"].mask(total, 0).mask(score, 0.995 * lowest)
    )
    assert choose_model(close) != "bg_nbd"
    better = close.assign(value=close["value"].mask(score, 0.9 * lowest))
    assert choose_model(better) == "bg_nbd"


def test_the_top_share_counts_ties_in_part():
    predicted = np.array([3.0, 1.0, 1.0, 1.0])
    actual = np.array([4.0, 3.0, 3.0, 0.0])
    assert top_share(predicted, actual=actual, weight=np.ones(4), share=0.25) == 0.4
    assert top_share(predicted, actual=actual, weight=np.ones(4), share=0.5) == pytest.approx(0.6)
