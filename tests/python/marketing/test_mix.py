"""The media mix on shops whose truths are known, and what must not change it."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from retail_analytics.marketing.budget import best_split
from retail_analytics.marketing.budget_tables import budget_recommendations, read_market
from retail_analytics.marketing.mix import (
    MixPosterior,
    MixSettings,
    adstock,
    fit_mix,
    saturated,
)
from retail_analytics.marketing.mix_tables import (
    MixRules,
    mix_backtest,
    mix_contributions,
    mix_draws,
)

SHOPS = ROOT.parent / "shared" / "data" / "marketing_mix_simulated"
RULES = MixRules(fewest_weeks=78, most_noise=0.10, least_variation=0.10)
QUICK = MixSettings(chains=8, warm_up=40, draws=40)
BOUNDS = pd.DataFrame(
    {"channel": ["default"], "minimum_multiple": [0.5], "maximum_multiple": [1.5]}
)


def shop(weeks: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    sales = pd.DataFrame(
        {"week": weeks["week"], "month_of_year": weeks["week"].dt.month, "revenue": weeks["sales"]}
    )
    media = pd.concat(
        [
            pd.DataFrame(
                {
                    "week": weeks["week"],
                    "channel": name,
                    "is_paid": True,
                    "media": weeks[f"spend_{name}"],
                }
            )
            for name in "abcd"
        ],
        ignore_index=True,
    )
    return sales, media


def made(*, seed: int = 1, weeks: int = 104, noise: float = 0.03, effect: float = 25.0):
    """A shop of one's own: channel a works, d does nothing."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"week": pd.date_range("2022-01-03", periods=weeks, freq="7D")})
    for name in "abcd":
        frame[f"spend_{name}"] = rng.gamma(4.0, 2.0, weeks)
    frame.loc[::5, "spend_b"] = 0.0
    a, b = (frame[f"spend_{name}"].to_numpy() for name in "ab")
    frame["sales"] = (
        100
        + effect * saturated(adstock(a / a.mean(), 0.4), 1.0)
        + effect * saturated(adstock(b / b.mean(), 0.0), 0.5)
        + rng.normal(0, 100 * noise, weeks)
    )
    return shop(frame)


@pytest.fixture(scope="module")
def recovered() -> pd.DataFrame:
    """Contributions and plans of the twelve simulated shops, beside their truths."""
    if not SHOPS.exists():
        pytest.skip("the shared data is not there")
    weeks = pd.read_csv(SHOPS / "weeks.csv", parse_dates=["week"])
    truth = pd.read_csv(SHOPS / "truth.csv")
    rows = []
    for number, one in weeks.groupby("simulation"):
        sales, media = shop(one)
        draws = mix_draws(sales, media, rules=RULES, settings=MixSettings())
        known = truth[truth["simulation"] == number].set_index("channel")
        means = media.groupby("channel")["media"].mean()
        current = means.rename("weekly_spend").reset_index()
        plan = budget_recommendations(draws, current, BOUNDS).set_index("channel")
        market = read_market(draws, current)
        true = market.curves.__class__(
            market.curves.channels,
            known["coefficient"].to_numpy()[None],
            (known["half_saturation"] * means).to_numpy()[None],
        )
        today = market.current
        ideal = best_split(true, total=today.sum(), lower=0.5 * today, upper=1.5 * today)
        best, kept, got = (
            true.mean(x).sum() for x in (ideal, today, plan["recommended_spend"].to_numpy())
        )
        for channel, found in draws[draws["draw"] > 0].groupby("channel"):
            low, high = np.quantile(found["contribution"], [0.1, 0.9])
            rows.append(
                {
                    "truth": known.loc[channel, "contribution"],
                    "low": low,
                    "high": high,
                    "error": abs(found["contribution"].mean() - known.loc[channel, "contribution"])
                    / one["sales"].sum(),
                    "regret": 1 - got / best,
                    "regret_of_keeping": 1 - kept / best,
                    "is_worse": got < kept - 1e-9,
                }
            )
    return pd.DataFrame(rows)


def test_intervals_hold_the_true_contributions(recovered):
    real = recovered[recovered["truth"] > 0]
    covered = ((real["low"] <= real["truth"]) & (real["truth"] <= real["high"])).mean()
    assert 0.70 <= covered <= 0.90
    none = recovered[recovered["truth"] == 0]
    assert (none["low"] <= 1e-9).mean() >= 0.70


def test_contributions_are_near_the_truth(recovered):
    assert recovered["error"].mean() <= 0.018


def test_plans_have_little_regret(recovered):
    assert recovered["regret"].mean() <= 0.02
    assert recovered["regret_of_keeping"].mean() > 0.04
    assert recovered["is_worse"].mean() <= 0.10


def test_rows_in_any_order_give_the_same_figures():
    sales, media = made()
    first = mix_draws(sales, media, rules=RULES, settings=QUICK)
    second = mix_draws(
        sales.sample(frac=1, random_state=1),
        media.sample(frac=1, random_state=2),
        rules=RULES,
        settings=QUICK,
    )
    pd.testing.assert_frame_equal(first, second)


def test_contributions_do_not_depend_on_the_unit_of_money():
    sales, media = made()
    first = mix_draws(sales, media, rules=RULES, settings=QUICK)
    cents = mix_draws(
        sales.assign(revenue=100 * sales["revenue"]),
        media.assign(media=100 * media["media"]),
        rules=RULES,
        settings=QUICK,
    )
    assert cents["contribution"].dropna().to_numpy() == pytest.approx(
        100 * first["contribution"].dropna().to_numpy(), rel=1e-6
    )


def test_weekly_contributions_add_up_to_the_whole():
    sales, media = made()
    draws = mix_draws(sales, media, rules=RULES, settings=QUICK)
    weekly = mix_contributions(sales, media, draws).groupby("channel")["contribution"].sum()
    whole = draws[draws["draw"] > 0].groupby("channel")["contribution"].mean()
    assert weekly.to_numpy() == pytest.approx(whole.to_numpy())


def test_media_help_to_predict_held_out_weeks():
    sales, media = made(weeks=156)
    found = mix_backtest(sales, media, rules=RULES, settings=QUICK)
    assert len(found) == 4
    assert found["error_rate"].mean() < found["no_media_error_rate"].mean()
    assert found["coverage"].between(0, 1).all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda sales, media: (sales.head(60), media), "60 weeks of sales and spend, 78 needed"),
        (lambda sales, media: (sales.head(0), media), "0 weeks of sales and spend, 78 needed"),
        (lambda sales, media: (sales.assign(revenue=0.0), media), "no sales in these weeks"),
        (lambda sales, media: (sales, media.assign(media=0.0)), "nothing was spent"),
        (lambda sales, media: (sales, media.assign(media=5.0)), "spend hardly varies"),
    ],
)
def test_too_little_data_says_why(change, reason):
    sales, media = change(*made())
    draws = mix_draws(sales, media, rules=RULES, settings=QUICK)
    assert (draws["status"] == "insufficient_data").all()
    assert draws["reason"].str.contains(reason).all()
    assert draws["contribution"].isna().all()
    assert mix_contributions(sales, media, draws).empty
    assert mix_backtest(sales, media, rules=RULES, settings=QUICK).empty


def test_noisy_sales_show_nothing():
    draws = mix_draws(*made(noise=0.3), rules=RULES, settings=QUICK)
    assert draws["reason"].str.contains("vary by").all()


def test_no_channel_is_an_empty_table():
    sales, media = made()
    assert mix_draws(sales, media.head(0), rules=RULES, settings=QUICK).empty


def test_a_missing_column_is_named():
    sales, media = made()
    with pytest.raises(ValueError, match="revenue: column is missing"):
        mix_draws(sales.drop(columns="revenue"), media, rules=RULES, settings=QUICK)


def test_adstock_keeps_the_mean_and_carries_over():
    assert adstock(np.ones(5), 0.7) == pytest.approx(np.ones(5))
    assert adstock(np.array([0.0, 2.0, 0.0]), 0.5) == pytest.approx([0.5, 1.25, 0.625])


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="finite"):
        fit_mix(np.full(20, np.nan), np.ones((20, 1)), months=np.ones(20, dtype=int))


def test_weeks_of_a_channel_add_up_to_its_total_in_the_unit_of_sales():
    posterior = MixPosterior(
        settings=MixSettings(carry_overs=(0.0,), half_saturations=(1.0,)),
        mean_sales=200.0,
        media=np.ones((3, 1)),
        pair=np.array([[0], [0]]),
        share=np.array([[0.1], [0.0]]),
        noise=np.array([0.02, 0.02]),
        level_step=np.array([0, 0]),
        responses=np.array([[[0.5, 1.0, 1.5]]]),
        scale=np.array([[0.5]]),
    )
    # a tenth of 200 in a mean week, more where more was spent; the second draw does nothing
    assert posterior.weekly(0) == pytest.approx(np.array([[10.0, 20.0, 30.0], [0.0, 0.0, 0.0]]))
    assert posterior.weekly(0).sum(axis=1) == pytest.approx(posterior.totals()[:, 0])
    assert posterior.coefficients()[:, 0] == pytest.approx([40.0, 0.0])
