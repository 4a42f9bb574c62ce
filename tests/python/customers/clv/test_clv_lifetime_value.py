"""Scores of groups of histories, their intervals, and the customer's value from them."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_analytics.customers.clv.fit import BASELINES, MODELS, fit_purchase_model
from retail_analytics.customers.clv.gamma_gamma import fit_spend_model, simulate_mean_spend
from retail_analytics.customers.clv.grouping import BIN_COLUMNS, group_histories, history_bins
from retail_analytics.customers.clv.lifetime_value import (
    DAYS_PER_MONTH,
    SCORE_COLUMNS,
    customer_values,
    score_histories,
)
from retail_analytics.customers.clv.predictive import (
    SpendSampler,
    count_distributions,
    even_numbers,
    likely_interval,
    predict,
    shortest_interval,
)
from retail_analytics.customers.clv.simulate import simulate_histories

pytestmark = pytest.mark.filterwarnings("error")

TRUTH = {
    "bg_nbd": np.array([0.5, 6.0, 0.8, 2.4]),
    "mbg_nbd": np.array([0.6, 6.0, 0.9, 1.8]),
    "pareto_nbd": np.array([0.6, 9.0, 0.6, 10.0]),
}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
EVERY_MODEL = pytest.mark.parametrize("name", list(MODELS))


@pytest.fixture(scope="module")
def customers():
    age = np.random.default_rng(0).integers(140, 560, 700) / 7
    drawn = simulate_histories(
        MODELS["bg_nbd"], TRUTH["bg_nbd"], age=age, horizon=0.0, seed=1
    ).assign(age_days=np.rint(age * 7))
    frequency = drawn["frequency"].to_numpy()
    repeat = simulate_mean_spend(SPEND, purchase_count=np.maximum(frequency, 1), seed=2)
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:04d}" for number in range(len(drawn))],
            "frequency": frequency,
            "recency_days": np.floor(drawn["recency"] * 7),
            "age_days": drawn["age_days"],
            "repeat_mean_spend": np.where(frequency > 0, repeat, np.nan),
            "first_spend": simulate_mean_spend(SPEND, purchase_count=np.ones(len(drawn)), seed=3),
        }
    )


def fitted_spend(customers, **options):
    renamed = {"frequency": "purchase_count", "repeat_mean_spend": "mean_spend"}
    return fit_spend_model(customers.rename(columns=renamed), **options)


def valued(customers, *, name="bg_nbd", resolution=0.0, **options):
    groups = group_histories(customers, resolution=resolution)
    spend_fit = fitted_spend(customers)
    scores = score_histories(
        groups, fit=fit_purchase_model(groups, model=name), spend_fit=spend_fit, **options
    )
    return customer_values(customers, scores=scores, spend_fit=spend_fit, resolution=resolution)


@pytest.mark.parametrize("name", [*MODELS, *BASELINES])
def test_a_score_is_complete_ordered_and_grows_with_the_horizon(customers, name):
    groups = group_histories(customers)
    fit = fit_purchase_model(groups, model=name)
    scores = score_histories(groups, fit=fit, spend_fit=fitted_spend(customers))
    assert len(scores) == 4 * len(groups)
    assert not scores.duplicated([*BIN_COLUMNS, "horizon_months"]).any()
    assert scores["method"].eq(name).all()
    for unit, middle in (("orders", "expected_orders"), ("discounted_spends", "discounted_orders")):
        assert (scores[f"{unit}_lower"] <= scores[middle]).all()
        assert (scores[middle] <= scores[f"{unit}_upper"]).all()
        assert (scores[f"{unit}_lower"] >= 0).all()
    assert (scores["discounted_orders"] <= scores["expected_orders"]).all()
    growth = scores.groupby(BIN_COLUMNS)["expected_orders"].diff().dropna()
    assert (growth >= 0).all()
    if name in MODELS:
        assert (
            scores[["p_alive", "monthly_retention_rate"]]
            .apply(lambda c: c.between(0, 1))
            .all(axis=None)
        )
    else:
        assert scores[["p_alive", "monthly_retention_rate"]].isna().all(axis=None)


def bg_nbd_scores(customers: pd.DataFrame, **horizons: tuple) -> pd.DataFrame:
    """The scores of these customers by BG/NBD."""
    groups = group_histories(customers)
    return score_histories(
        groups,
        fit=fit_purchase_model(groups, model="bg_nbd"),
        spend_fit=fitted_spend(customers),
        **horizons,
    )


def test_a_horizon_longer_than_the_history_is_marked(customers):
    longest = customers["age_days"].max() / DAYS_PER_MONTH
    scores = bg_nbd_scores(customers, horizons_months=(1.0, longest - 0.1, longest + 0.1))
    status = scores.groupby("horizon_months")["status"].agg("unique")
    assert [list(value) for value in status] == [["ok"], ["ok"], ["short_history"]]
    assert scores["expected_orders"].notna().all()


def test_a_horizon_far_longer_than_the_history_has_no_value(customers):
    longest = customers["age_days"].max() / DAYS_PER_MONTH
    scores = bg_nbd_scores(
        customers,
        horizons_months=(2.4 * longest, 2.6 * longest),
        expected_only_days=(round(3 * longest * DAYS_PER_MONTH),),
    )
    near, far = (own for _, own in scores.groupby("horizon_months"))
    assert set(near["status"]) == {"short_history"}
    assert set(far["status"]) == {"insufficient_data"}
    assert near[SCORE_COLUMNS].drop(columns="common_sd").notna().all(axis=None)
    assert far[SCORE_COLUMNS].isna().all(axis=None)
    # orders that no interval is given of, as the risk of leaving needs them
    assert scores.loc[scores["horizon_months"].isna(), "expected_orders"].notna().all()


def test_without_a_discount_rate_the_expected_orders_are_not_discounted(customers):
    values = valued(customers, horizons_months=(12,), annual_discount_rate=0.0)
    assert values["discounted_orders"].to_numpy() == pytest.approx(values["expected_orders"])
    halved = valued(customers, horizons_months=(12,), annual_discount_rate=3.0)
    # At 300 % a year a purchase in a year is worth a quarter, one in half a year a half.
    ratio = halved["discounted_orders"].sum() / values["discounted_orders"].sum()
    assert 0.4 < ratio < 0.75


def test_scaling_money_scales_values_and_nothing_else(customers):
    money = ["repeat_mean_spend", "first_spend"]
    scaled = customers.assign(**{name: customers[name] * 250.0 for name in money})
    before, after = valued(customers), valued(scaled)
    for column in ("expected_value", "value_lower", "value_upper", "expected_spend"):
        assert after[column].to_numpy() == pytest.approx(before[column] * 250.0, rel=1e-6)
    assert after["expected_orders"].to_numpy() == pytest.approx(before["expected_orders"])


def test_margin_scales_values_where_it_is_known(customers):
    plain = valued(customers, horizons_months=(12,))
    rate = pd.Series(np.nan, index=customers.index)
    rate.iloc[:10] = 0.4
    with_margin = valued(customers.assign(margin_rate=rate), horizons_months=(12,))
    factor = np.where(np.arange(len(customers)) < 10, 0.4, 1.0)
    assert with_margin["expected_value"].to_numpy() == pytest.approx(
        plain["expected_value"] * factor
    )


def test_at_a_loss_bounds_stay_in_order_and_no_zero_is_negative(customers):
    table = valued(customers.assign(margin_rate=-0.5), horizons_months=(12,))
    known = table[table["expected_value"].notna()]
    assert (known["value_lower"] <= known["value_upper"]).all()
    zeros = known["value_upper"][known["value_upper"] == 0]
    assert len(zeros) > 0
    assert not np.signbit(zeros).any()


@EVERY_MODEL
def test_row_order_and_seed_give_the_same_table_again(customers, name):
    shuffled = customers.sample(frac=1, random_state=9)
    options = {"name": name, "horizons_months": (12,)}
    first, second = valued(customers, **options), valued(shuffled, **options)
    pd.testing.assert_frame_equal(first, second, rtol=1e-6, atol=1e-9)
    pd.testing.assert_frame_equal(first, valued(customers, **options))


@EVERY_MODEL
def test_a_score_does_not_depend_on_the_other_customers(customers, name):
    groups = group_histories(customers)
    fit, spend_fit = fit_purchase_model(groups, model=name), fitted_spend(customers)
    options = {"fit": fit, "spend_fit": spend_fit, "horizons_months": (3, 24)}
    every = score_histories(groups, **options)
    some = score_histories(groups.iloc[::7], **options)
    kept = every.merge(some[[*BIN_COLUMNS, "horizon_months"]])
    # what all customers have in common is, for one of them, a matter of all
    everybodys = ["common_sd"]
    pd.testing.assert_frame_equal(kept.drop(columns=everybodys), some.drop(columns=everybodys))


@EVERY_MODEL
def test_a_later_last_order_never_lowers_the_score_of_equal_frequency(customers, name):
    groups = group_histories(customers, resolution=0.05)
    fit, spend_fit = fit_purchase_model(groups, model=name), fitted_spend(customers)
    same = pd.DataFrame({"frequency": 4, "recency_days": np.arange(0, 401), "age_days": 400})
    scores = score_histories(
        group_histories(same, resolution=0.05), fit=fit, spend_fit=spend_fit, horizons_months=(6,)
    ).sort_values("gap_bin", ascending=False)
    assert (scores["p_alive"].diff().dropna() >= -1e-12).all()
    assert (scores["expected_orders"].diff().dropna() >= -1e-12).all()


@EVERY_MODEL
def test_the_interval_holds_four_fifths_of_simulated_futures(name):
    rng = np.random.default_rng(7)
    drawn = simulate_histories(
        MODELS[name], TRUTH[name], age=rng.uniform(20, 80, 6_000), horizon=52.0, seed=8
    )
    table = drawn.assign(recency_days=drawn["recency"] * 7, age_days=drawn["age"] * 7)
    fit = fit_purchase_model(group_histories(table), model=name)
    known = rng.gamma(SPEND["q"], 1 / SPEND["v"], len(drawn))
    purchases = np.arange(6_000) % 3 + 1
    spent = simulate_mean_spend(SPEND, purchase_count=purchases, seed=1)
    spend_fit = fit_spend_model(pd.DataFrame({"purchase_count": purchases, "mean_spend": spent}))
    histories = {key: drawn[key].to_numpy() for key in ("frequency", "recency", "age")}
    orders, spend, _ = predict(
        count_distributions(MODELS[name], fit, horizons=np.array([52.0]), **histories),
        shape=(1, len(drawn)), sampler=SpendSampler(spend_fit, draws=512, seed=1),
        purchase_count=np.zeros(len(drawn)), level=0.8, draws=512,
    )  # fmt: skip
    outcome = drawn["holdout_orders"].to_numpy()
    p, q, v = spend_fit.array
    money = np.where(outcome > 0, rng.gamma(p * np.maximum(outcome, 1)) / known, 0.0)
    in_units = money / (p * v / (q - 1))
    for interval, actual in ((orders, outcome), (spend, in_units)):
        inside = (actual >= interval.lower[0]) & (actual <= interval.upper[0])
        randomised = inside - interval.excess[0] * (actual == interval.upper[0])
        assert inside.mean() > 0.8 - 0.02
        assert randomised.mean() == pytest.approx(0.8, abs=0.02)


@settings(max_examples=50)
@given(
    numbers=st.lists(st.integers(0, 20), min_size=10, max_size=200),
    level=st.sampled_from([0.5, 0.8, 0.9]),
)
def test_no_shorter_range_holds_the_level(numbers, level):
    draws = np.sort(np.array([numbers], dtype=float), axis=1)
    interval = shortest_interval(draws, level=level)
    lower, upper, excess = interval.lower[0], interval.upper[0], interval.excess[0]
    held = np.mean((draws >= lower) & (draws <= upper))
    assert held >= level - 1e-9
    assert held - excess * np.mean(draws == upper) == pytest.approx(level)
    for start in range(int(upper - lower)):
        shorter = (draws >= lower + start) & (draws <= lower + start + (upper - lower - 1))
        assert shorter.mean() < level


def test_bounds_begin_at_nothing_only_where_nothing_is_likely():
    rng = np.random.default_rng(2)
    spend = np.sort(rng.gamma(2.0, 100.0, (2, 2_000)), axis=1)
    # One in twelve, and one in eight, may buy nothing.
    spend[0, :166], spend[1, :250] = 0.0, 0.0
    found = likely_interval(spend, level=0.8)
    assert found.lower[0] > 20
    assert np.mean(spend[0] < found.lower[0]) == pytest.approx(0.1, abs=0.002)
    assert np.mean(spend[0] > found.upper[0]) == pytest.approx(0.1, abs=0.002)
    assert found.lower[1] == 0
    for row in spend:
        one = likely_interval(row[None], level=0.8)
        held = np.mean((row >= one.lower[0]) & (row <= one.upper[0]))
        assert held - one.excess[0] * np.mean(row == one.upper[0]) == pytest.approx(0.8)


def test_even_numbers_fill_every_dimension():
    numbers = even_numbers(512, dimensions=4, seed=3)
    counts = [np.histogram(column, bins=16, range=(0, 1))[0] for column in numbers.T]
    assert np.all(np.abs(np.array(counts) - 32) <= 8)
    assert not np.array_equal(numbers[:, 1:], even_numbers(512, dimensions=4, seed=4)[:, 1:])


def test_heavy_buyers_keep_their_intervals_bounded(customers):
    groups = group_histories(
        pd.DataFrame(
            {"frequency": [500, 500, 3], "recency_days": [70, 4_990, 5], "age_days": [70, 5_000, 5]}
        )
    )
    scores = score_histories(
        groups,
        fit=fit_purchase_model(group_histories(customers), model="pareto_nbd"),
        spend_fit=fitted_spend(customers),
    )
    assert np.isfinite(scores[SCORE_COLUMNS]).all(axis=None)
    busy = scores[(scores["frequency_bin"] == 500) & (scores["age_bin"] == 70)].iloc[0]
    assert busy["orders_lower"] < busy["expected_orders"] < busy["orders_upper"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_customers_are_rows_without_numbers(customers, count):
    few = customers.head(count)
    values = valued(few)
    assert len(values) == 4 * count
    assert values["status"].eq("insufficient_data").all()
    assert values[[*SCORE_COLUMNS, "expected_value", "value_upper"]].isna().all(axis=None)


def test_without_any_spend_orders_are_expected_and_values_are_not(customers):
    free = customers.assign(repeat_mean_spend=0.0, first_spend=0.0)
    values = valued(free, horizons_months=(3,))
    assert values["expected_orders"].notna().all()
    assert values[["expected_value", "value_lower", "value_upper"]].isna().all(axis=None)
    assert values["status"].eq("insufficient_data").all()


def test_the_grouping_is_the_same_in_sql(customers):
    resolution = 0.05
    ours = history_bins(
        **{name: customers[name] for name in ("frequency", "recency_days", "age_days")},
        resolution=resolution,
    )
    con = duckdb.connect()
    con.register("histories", customers)
    theirs = con.execute(
        f"""
        select
            case
                when frequency <= 20 then frequency
                else 21 + floor(ln(frequency / 20.0) / {resolution})
            end as frequency_bin,
            floor(ln(1 + (age_days - recency_days) / 7.0) / {resolution}) as gap_bin,
            floor(ln(1 + age_days / 7.0) / {resolution}) as age_bin,
        from histories
        """
    ).fetchall()
    assert (ours.to_numpy() == np.array(theirs)).all()
