"""Churn: the fit, its interval and its backtest against known answers and properties."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from retail_analytics.customers.churn.backtest import (
    area_under_curve,
    backtest,
    calibration,
    choose_method,
    coverage,
    served_method,
)
from retail_analytics.customers.churn.model import (
    FEATURES,
    INSUFFICIENT_DATA,
    LAST_YEARS_LEVEL,
    LEVEL,
    LOGISTIC,
    NO_METHOD,
    OK,
    OUTCOME,
    RATE,
    RECENCY,
    SHORT_HISTORY,
    UNKNOWN_SEASON_SD,
    USUAL_PERIOD_SD,
    at_last_years_level,
    bent,
    churn_coefficients,
    excess_of_groups,
    fit_churn,
    fit_logits,
    half_width,
    period_variances,
    prepared,
    stayed_away,
)
from retail_analytics.customers.season import TradeYear
from retail_analytics.statistics.champions import Reign

HORIZONS = [30, 60, 90]
# a shop that has been seen to have none
NO_SEASON = TradeYear(is_known=True)
AS_OF = pd.Timestamp("2024-12-31")


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def made_up(
    *,
    seed: int = 1,
    customers: int = 1_000,
    cut_offs: int = 5,
    effect: float = 1.0,
    levels: tuple[float, ...] = (0.0,),
) -> pd.DataFrame:
    """Training rows whose next purchase depends on two features; levels repeat by cut-off."""
    random = np.random.default_rng(seed)
    parts = []
    for number in range(1, cut_offs + 1):
        part = pd.DataFrame(
            random.normal(size=(customers, len(FEATURES))).round(6), columns=FEATURES
        )
        odds = levels[(number - 1) % len(levels)] + effect * (part["silence"] - part["purchases"])
        # one logistic draw a customer: the log odds of staying away for h days fall with log h
        draw = random.logistic(size=customers)
        part[OUTCOME] = np.ceil(60 * np.exp(np.clip((odds + draw), -20, 20)))
        part["customer_id"] = [f"C{i:05}" for i in range(customers)]
        part["as_of_date"] = AS_OF - pd.Timedelta(days=90 * number)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def fitted(training: pd.DataFrame, method: str = LOGISTIC):
    rows = prepared(training, horizons=HORIZONS)
    return fit_churn(rows, method=method, horizons=HORIZONS, as_of_date=AS_OF)


def test_two_groups_give_the_logarithm_of_their_odds_ratio() -> None:
    # 10 of 40 and 30 of 40: odds of 1/3 and 3
    x = np.repeat([0.0, 1.0], 40)[:, None]
    outcomes = np.concatenate([np.arange(40) < 10, np.arange(40) < 30]).astype(float)[:, None]
    # the level, the pull of a season that does not vary, the slope
    assert fit_logits(x, outcomes, ridge=0.0) == pytest.approx([-np.log(3), -1, np.log(9)])


def test_one_horizon_is_ridge_logistic_regression() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(500, 4))
    outcome = (random.random(500) < expit(x @ [1, -2, 0.5, 0] + 1)).astype(float)
    peer = LogisticRegression(C=1 / 2.5, tol=1e-10, max_iter=1_000).fit(x, outcome)
    found = fit_logits(x, outcome[:, None], ridge=2.5)
    assert np.delete(found, 1) == pytest.approx([*peer.intercept_, *peer.coef_[0]], abs=1e-5)


def test_the_pull_of_the_season_is_found() -> None:
    random = np.random.default_rng(4)
    x, season = random.normal(size=(20_000, 1)), random.normal(0, 0.5, size=(20_000, 2))
    odds = x + [1.0, 0.5] - 0.7 * season
    draw = random.logistic(size=(20_000, 2))
    found = fit_logits(x, (odds + draw > 0).astype(float), season=season)
    assert found == pytest.approx([1.0, 0.5, -0.7, 1.0], abs=0.06)


def test_a_month_of_much_trade_lowers_the_chance_to_stay_away() -> None:
    months = [1.0] * 12
    months[0] = 2.0
    trade = TradeYear(tuple(12 / 13 * month for month in months), is_known=True)
    rows = prepared(made_up(), horizons=HORIZONS)
    with_season, without = (
        fit_churn(rows, method=LOGISTIC, horizons=HORIZONS, as_of_date=AS_OF, trade=year)
        for year in (trade, TradeYear())
    )
    # January is ahead: of the 30 days nearly all count double, of 90 a third
    assert with_season.levels[0] < with_season.levels[2] + (without.levels[0] - without.levels[2])
    # there is no season in the data, and so much they say
    assert -1 < with_season.pull < 0


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), effect=st.floats(-30, 30))
def test_levels_fall_with_the_horizon_and_give_the_observed_rates(seed, effect) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(200, 3))
    days = random.exponential(60, size=200) * np.exp(np.clip(effect * x[:, 0], -50, 50))
    outcomes = (days[:, None] > [20, 60, 120]).astype(float)
    outcomes[0], outcomes[1] = 0, 1
    found = fit_logits(x, outcomes)
    assert found[0] >= found[1] >= found[2]
    chances = expit((x @ found[4:])[:, None] + found[:3])
    assert chances.mean(axis=0) == pytest.approx(outcomes.mean(axis=0), abs=1e-6)


def test_a_longer_time_never_makes_it_likelier_to_stay_away() -> None:
    training = made_up()
    rising = replace(fitted(training), levels=np.array([0.0, 0.5, 1.0]), scales=np.ones(3))
    odds = rising.log_odds(training.head(50))
    assert odds[:, 1] == pytest.approx(odds[:, 0]) and odds[:, 2] == pytest.approx(odds[:, 0])


def test_slopes_that_made_the_data_are_found() -> None:
    model = fitted(made_up(customers=5_000))
    slopes = dict(zip(model.features, model.slopes / model.sd, strict=True))
    assert slopes["silence"] == pytest.approx(1, abs=0.05)
    assert slopes["purchases"] == pytest.approx(-1, abs=0.05)
    assert slopes["returns"] == pytest.approx(0, abs=0.05)


def test_a_horizon_with_one_outcome_is_refused() -> None:
    with pytest.raises(ValueError, match="outcomes"):
        fit_logits(np.ones((3, 1)), np.ones((3, 1)))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="trend"):
        prepared(made_up().drop(columns="trend"), horizons=HORIZONS)


def test_order_of_rows_changes_nothing() -> None:
    training = made_up()
    shuffled = training.sample(frac=1, random_state=2)
    for table in (
        lambda rows: backtest(rows, horizons=HORIZONS),
        lambda rows: churn_coefficients(rows, horizons=HORIZONS, as_of_date=AS_OF, method=LOGISTIC),
    ):
        pd.testing.assert_frame_equal(table(training), table(shuffled))


def test_the_scale_of_a_feature_changes_no_chance() -> None:
    training = made_up()
    scaled = training.assign(order_value=training["order_value"] * 1_000 + 7)
    odds = [fitted(rows).log_odds(rows) for rows in (training, scaled)]
    assert odds[0] == pytest.approx(odds[1], abs=1e-9)


def test_what_is_not_known_counts_as_the_mean_and_an_event_from_none() -> None:
    training = made_up()
    model = fitted(training)
    centre = dict(zip(model.features, model.centre, strict=True))
    unknown = training.head(2).assign(order_value=[np.nan, centre["order_value"]])
    unknown[[name for name in FEATURES if name != "order_value"]] = 0.0
    odds = model.log_odds(unknown)
    assert odds[0] == pytest.approx(odds[1])
    assert centre["complaints"] == 0
    assert centre["order_value"] == pytest.approx(
        training.loc[training["as_of_date"] >= "2024-01-01", "order_value"].mean(), abs=0.02
    )


def test_a_feature_never_known_or_always_alike_is_left_out() -> None:
    training = made_up().assign(order_value=np.nan, returns=0.0, trend=1.0)
    model = fitted(training)
    slopes = dict(zip(model.features, model.slopes, strict=True))
    assert [slopes[name] for name in ("order_value", "returns", "trend")] == [0, 0, 0]


def test_coefficients_and_level_add_up_to_the_log_odds_of_the_model() -> None:
    training = made_up()
    model = fitted(training)
    table = churn_coefficients(
        training, horizons=HORIZONS, as_of_date=AS_OF, method=LOGISTIC, trade=NO_SEASON
    )
    features = table[table["horizon_days"] == 0].set_index("feature")
    values = training[features.index]
    added = ((values - features["centre"]) / features["sd"] * features["coefficient"]).sum(axis=1)
    levels = table.loc[table["feature"] == LEVEL, "coefficient"].to_numpy(dtype=float)
    scales = table.loc[table["feature"] == LEVEL, "scale"].to_numpy(dtype=float)
    bends = table.loc[table["feature"] == LEVEL, "bend"].to_numpy(dtype=float)
    odds = np.minimum.accumulate(bent(added.to_numpy(), scales, bends) + levels, axis=1)
    assert odds == pytest.approx(model.log_odds(training))
    assert table["status"].unique().tolist() == [OK]


def test_half_the_interval_is_the_luck_of_the_group_and_the_period() -> None:
    # p (1 - p) = 0.25; luck 0.25 / 100 and a period's 0.04 x 0.25^2
    assert half_width(np.array(0.5), period_variance=0.04, group_size=100) == pytest.approx(
        1.28155 * np.sqrt(0.0025 + 0.0025), abs=1e-5
    )


def test_the_variance_of_periods_is_found_beyond_luck() -> None:
    random = np.random.default_rng(8)
    chance = np.full((5_000, 1), 0.5)

    def found(sd: float) -> float:
        missed = []
        for shift in random.normal(0, sd, size=200):
            outcomes = (random.random((5_000, 1)) < expit(shift)).astype(float)
            missed.append(excess_of_groups(chance, outcomes))
        return float(period_variances(np.array(missed), is_season_known=True)[0])

    # what the form of a model misses by is not a period's: 0.002 / 0.25 of its variance
    assert found(0.3) == pytest.approx(0.09 - 0.008, rel=0.25)
    assert found(0.0) < 0.003
    for is_known, usual in ((True, USUAL_PERIOD_SD), (False, UNKNOWN_SEASON_SD)):
        # the level of the one period there is may be as far off as that of the next
        assert period_variances(np.empty((0, 2, 1)), is_season_known=is_known) == pytest.approx(
            [2 * usual**2]
        )


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_the_interval_covers_the_groups_of_a_period_to_come(spread: float) -> None:
    # periods whose levels are draws of one distribution, as the interval takes them to be
    random = np.random.default_rng(5)
    covered, widths = [], []
    for seed in range(12):
        levels = tuple(random.normal(0, spread, size=9))
        training = made_up(seed=seed, customers=2_000, cut_offs=9, levels=levels)
        newest = training["as_of_date"].max()
        rows = prepared(training, horizons=HORIZONS)
        model = fit_churn(
            rows, method=LOGISTIC, horizons=HORIZONS, as_of_date=newest, trade=NO_SEASON
        )
        held_out = training[training["as_of_date"] == newest]
        lower, upper = model.bounds(held_out, group_size=len(held_out) / 10)
        stayed = (held_out[OUTCOME] > 60).to_numpy(dtype=float)
        odds = model.log_odds(held_out)[:, 1]
        covered.append(coverage(odds, lower[:, 1], upper[:, 1], stayed))
        widths.append((upper - lower).max())
    assert 0.70 <= np.mean(covered) <= 0.92
    if spread == 0:
        assert max(widths) < 0.15


@pytest.mark.parametrize("cut_offs", [2, 3, 4])
def test_the_interval_covers_the_groups_of_a_shop_of_few_periods(cut_offs: int) -> None:
    random = np.random.default_rng(5)
    covered = []
    for seed in range(40):
        levels = tuple(random.normal(0, UNKNOWN_SEASON_SD, size=cut_offs))
        training = made_up(seed=seed, customers=1_000, cut_offs=cut_offs, levels=levels)
        newest = training["as_of_date"].max()
        rows = prepared(training, horizons=HORIZONS)
        model = fit_churn(rows, method=LOGISTIC, horizons=HORIZONS, as_of_date=newest)
        held_out = training[training["as_of_date"] == newest]
        lower, upper = model.bounds(held_out, group_size=len(held_out) / 10)
        stayed = (held_out[OUTCOME] > 60).to_numpy(dtype=float)
        covered.append(coverage(model.log_odds(held_out)[:, 1], lower[:, 1], upper[:, 1], stayed))
    assert 0.70 <= np.mean(covered) <= 0.92


def test_what_separates_is_told_from_noise() -> None:
    model = fitted(made_up(customers=2_000))
    found = dict(zip(model.features, model.is_separating, strict=True))
    assert found["silence"] and found["purchases"]
    assert sum(found.values()) <= 4


def test_the_level_of_the_same_season_is_taken_from_last_year() -> None:
    # the seasons of four quarters come again: the model for AS_OF meets that of the fourth cut-off
    training = made_up(customers=3_000, levels=(-1.0, 0.0, 0.0, 1.0))
    model = fitted(training)
    rows = prepared(training, horizons=HORIZONS)
    seasonal = at_last_years_level(model, rows, as_of_date=AS_OF)
    assert seasonal.method == LOGISTIC + LAST_YEARS_LEVEL
    assert (seasonal.levels - model.levels).round(1).tolist() == pytest.approx([1.0] * 3, abs=0.2)
    assert seasonal.slopes.tolist() == model.slopes.tolist()
    assert choose_method(backtest(training, horizons=HORIZONS)) == LOGISTIC + LAST_YEARS_LEVEL
    assert at_last_years_level(model, rows.head(0), as_of_date=AS_OF) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_regression_on_noise_does_not_serve(seed: int) -> None:
    training = made_up(seed=seed, effect=0.0, customers=300)
    table = backtest(training, horizons=HORIZONS)
    assert choose_method(table).removesuffix(LAST_YEARS_LEVEL) in (RECENCY, RATE)
    # the baseline that serves has its rows, beside the regression that does not
    assert set(table.loc[table["is_serving"], "model"]) == {choose_method(table)}
    assert table.loc[~table["is_serving"], "model"].str.startswith(LOGISTIC).any()
    found = churn_coefficients(
        training, horizons=HORIZONS, as_of_date=AS_OF, method=choose_method(table)
    )
    assert found["method"].unique().tolist() == [choose_method(table)]
    assert not found.loc[found["feature"] == "silence", "coefficient"].any()


def test_the_backtest_has_one_row_a_model_horizon_metric_and_baseline() -> None:
    table = backtest(made_up(), horizons=HORIZONS)
    assert not table.duplicated(["model", "horizon_days", "metric", "baseline"]).any()
    assert table["as_of_date"].unique().tolist() == [AS_OF - pd.Timedelta(days=90)]
    brier = table[(table["metric"] == "brier_score") & table["model"].str.startswith(LOGISTIC)]
    assert (brier["value"] < brier["baseline_value"]).all()
    slopes = table.loc[
        (table["metric"] == "calibration_slope") & table["model"].str.startswith(LOGISTIC), "value"
    ]
    assert slopes.between(0.8, 1.2).all()


def test_area_under_curve_counts_pairs_and_ties_half() -> None:
    random = np.random.default_rng(2)
    score, outcome = random.integers(0, 5, 60).astype(float), random.integers(0, 2, 60)
    pairs = score[outcome == 1][:, None] - score[outcome == 0][None, :]
    assert area_under_curve(score, outcome) == pytest.approx((np.sign(pairs) / 2 + 0.5).mean())


def test_calibration_finds_log_odds_twice_too_far_apart() -> None:
    random = np.random.default_rng(4)
    odds = random.normal(size=20_000)
    outcome = (random.random(20_000) < expit(odds - 0.5)).astype(float)
    assert calibration(2 * odds, outcome) == pytest.approx((-0.5, 0.5), abs=0.05)
    assert np.isnan(calibration(np.ones(20_000), outcome)).all()
    assert np.isnan(calibration(outcome, outcome)).all()


def test_coverage_is_that_of_the_mean_intervals_of_groups() -> None:
    random = np.random.default_rng(6)
    odds = random.normal(size=20_000)
    outcome = (random.random(20_000) < expit(odds)).astype(float)
    chance = expit(odds)
    luck = 1.28 * np.sqrt(chance * (1 - chance) / 2_000)
    assert 0.6 <= coverage(odds, chance - luck, chance + luck, outcome) <= 1
    assert coverage(odds, chance + 0.1, chance + 0.2, outcome) == 0
    assert coverage(odds, chance - 0.5, chance + 0.5, outcome) == 1


def test_without_an_older_cut_off_recency_serves_untested() -> None:
    training = made_up(cut_offs=1)
    table = backtest(training, horizons=HORIZONS)
    assert table.empty and choose_method(table) is None
    found = churn_coefficients(training, horizons=HORIZONS, as_of_date=AS_OF, method=None)
    assert found["status"].unique().tolist() == [SHORT_HISTORY]
    assert found["method"].unique().tolist() == [RECENCY]
    levels = found[found["feature"] == LEVEL]
    assert (levels["period_variance"] > 0).all()


def test_chances_of_a_season_nobody_has_seen_twice_are_not_ok() -> None:
    training = made_up()
    assert choose_method(backtest(training, horizons=HORIZONS)) is not None
    unknown, known = (
        churn_coefficients(
            training, horizons=HORIZONS, as_of_date=AS_OF, method=LOGISTIC, trade=trade
        )
        for trade in (TradeYear(), NO_SEASON)
    )
    assert unknown["status"].unique().tolist() == [SHORT_HISTORY]
    assert known["status"].unique().tolist() == [OK]
    # what serves is the same: the status says how sure it is
    assert unknown["method"].unique().tolist() == [LOGISTIC]
    assert np.allclose(unknown["coefficient"], known["coefficient"])


@pytest.mark.parametrize(
    "training",
    [
        pytest.param(made_up().head(0), id="no rows"),
        pytest.param(made_up(customers=1), id="one customer"),
        pytest.param(made_up(customers=2), id="two customers"),
        pytest.param(made_up().assign(**{OUTCOME: np.nan}), id="nobody comes back"),
        pytest.param(made_up().assign(**{OUTCOME: 1.0}), id="everybody comes back"),
    ],
)
def test_too_little_to_learn_from_gives_no_figure(training: pd.DataFrame) -> None:
    assert backtest(training, horizons=HORIZONS).empty
    found = churn_coefficients(training, horizons=HORIZONS, as_of_date=AS_OF, method=None)
    assert found["status"].unique().tolist() == [INSUFFICIENT_DATA]
    assert found["method"].unique().tolist() == [NO_METHOD]
    assert found["coefficient"].isna().all()
    assert len(found) == len(HORIZONS) + len(FEATURES)


def test_customers_all_alike_get_the_observed_rate() -> None:
    training = made_up(effect=0.0).assign(**dict.fromkeys(FEATURES, 1.0))
    chances = expit(fitted(training).log_odds(training))
    rates = (training[OUTCOME] > 60).mean()
    assert chances[:, 1] == pytest.approx(np.full(len(training), rates), abs=1e-6)


def test_chances_that_are_bent_are_found_and_no_group_is_missed_by_its_form() -> None:
    # some have left for good, whatever their habits: the best too
    random = np.random.default_rng(9)
    training = made_up(customers=4_000, effect=1.5)
    has_left = random.random(len(training)) < 0.15
    training[OUTCOME] = np.where(has_left, np.nan, training[OUTCOME])
    newest = training["as_of_date"].max()
    rows = prepared(training, horizons=HORIZONS)
    model = fit_churn(rows, method=LOGISTIC, horizons=HORIZONS, as_of_date=newest)
    held_out = rows[rows["as_of_date"] == newest]
    stayed = stayed_away(held_out, HORIZONS)[:, 1]
    straight = replace(model, bends=np.zeros(3))
    assert (model.bends > 0.3).all()

    def missed(used) -> float:
        """Mean squared distance of ten groups from their chance, in units of luck; their level
        counts for nothing."""
        odds = used.log_odds(held_out)[:, 1]
        level = fit_logits(np.empty((len(odds), 0)), stayed[:, None], offset=odds)[0]
        chance = expit(odds + level)
        found = []
        for group in np.array_split(np.argsort(odds, kind="stable"), 10):
            luck = (chance[group] * (1 - chance[group])).sum()
            found.append((stayed[group] - chance[group]).sum() ** 2 / luck)
        return float(np.mean(found))

    assert missed(model) < 0.5 * missed(straight)


def test_the_row_of_a_person_changes_what_gives_churn_risks() -> None:
    training = made_up()
    usual = backtest(training, horizons=HORIZONS)
    assert served_method(usual) == choose_method(usual)
    assert usual["decision"].nunique() == 1
    pinned = backtest(training, horizons=HORIZONS, reign=Reign(pinned=RECENCY))
    assert served_method(pinned) == RECENCY
    assert json.loads(pinned["decision"].iloc[0])["reason"] == "rolled_back"
    # all figures of the other models are as they were
    both = usual.merge(pinned, on=["model", "horizon_days", "metric", "baseline"])
    assert len(both) == len(usual)
    assert np.allclose(both["value_x"], both["value_y"], equal_nan=True)


def test_what_gave_churn_risks_stays_until_another_is_surely_better() -> None:
    # two features say all: the regression is far better than the rate
    found = backtest(made_up(), horizons=HORIZONS, reign=Reign(champion=RATE))
    said = json.loads(found["decision"].iloc[0])
    assert said["reason"] == "challenger_won" and said["gain_lower"] > 0
    assert served_method(found).startswith(LOGISTIC)
    # the gain is that of the mean Brier scores
    scores = found[found["metric"] == "brier_score"].groupby("model")["value"].mean()
    assert said["gain"] == pytest.approx(scores[RATE] - scores[said["challenger"]])
    # they say nothing: the best of the backtest is so by luck, and what served stays
    noise = made_up(effect=0.0)
    stays = backtest(noise, horizons=HORIZONS, reign=Reign(champion=LOGISTIC))
    assert served_method(stays) == LOGISTIC
