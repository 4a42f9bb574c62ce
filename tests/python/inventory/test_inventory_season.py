"""The season of the shop: found again, of no effect where there is none, and never known early."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from retail_analytics.inventory import InventorySettings, inventory_chunk, inventory_chunks
from retail_analytics.inventory.backtest import forecast_paths
from retail_analytics.inventory.levels import inventory
from retail_analytics.inventory.season import DAYS_AHEAD, mean_ahead, season_index
from retail_analytics.inventory.season_use import NO_SEASON, known_indices, shop_season

AS_OF = date(2024, 12, 31)
DAYS = 1096
SETTINGS = InventorySettings(
    service_target=0.95,
    review_period_days=7,
    lead_time_days=14.0,
    lead_time_sd_share=0.3,
    holding_cost_rate=0.25,
    order_cost=0.0,
    salvage_rate=0.0,
    cover_weeks=2.0,
)
DAY_OF_YEAR = (pd.Timestamp(AS_OF) - pd.to_timedelta(np.arange(DAYS)[::-1], "D")).dayofyear


def true_season(day_of_year):
    """Twice as much from November on, a little more in June, a mean of 1."""
    day = np.asarray(day_of_year)
    raw = np.where(day > 304, 2.0, np.where((day > 151) & (day <= 181), 1.3, 0.8))
    return raw / (61 * 2.0 + 30 * 1.3 + 274 * 0.8) * 365


TRUE = true_season(DAY_OF_YEAR)


def shop(seed, season, *, articles=200, days=DAYS, growth=0.2):
    """Poisson demand of articles of different rates, growing by `growth` a year."""
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(-1.2, 1.0, articles))
    level = (1 + growth) ** (np.arange(days) / 365)
    return rng.poisson(rate[:, None] * level * season[-days:]).astype(float)


def frame(count):
    return pd.DataFrame({"product_id": [f"p{number:04}" for number in range(count)]})


def season_of(demand):
    return shop_season(demand.sum(axis=0), demand, frame(len(demand)), settings=SETTINGS, seed=1)


def fitted(demand, season):
    return inventory_chunk(
        demand, frame(len(demand)), as_of_date=AS_OF, settings=SETTINGS, seed=1, season=season
    )


@pytest.mark.parametrize("growth", [-0.3, 0.0, 0.5])
def test_the_season_of_a_shop_is_found_again(growth):
    level = 500 * (1 + growth) ** (np.arange(DAYS) / 365)
    found = season_index(np.random.default_rng(1).poisson(level * TRUE).astype(float))
    assert found.shape == (DAYS + DAYS_AHEAD,)
    months = np.arange(DAYS + DAYS_AHEAD) // 30
    truth = np.concatenate([TRUE, true_season(np.arange(1, DAYS_AHEAD + 1))])
    by_month = [np.bincount(months, weights=values)[:-1] / 30 for values in (found, truth)]
    assert np.allclose(*by_month, atol=0.1)
    assert found[-DAYS_AHEAD:].mean() == pytest.approx(1, abs=0.01)


def test_demand_without_a_season_has_an_index_of_one():
    assert np.allclose(season_index(np.full(DAYS, 7.0)), 1)
    rising = season_index(np.linspace(50.0, 150.0, DAYS))
    assert np.allclose(rising, 1, atol=0.01)


def test_one_bulk_order_is_no_season():
    sold = np.random.default_rng(2).poisson(100, DAYS).astype(float)
    bulky = sold.copy()
    bulky[600] += 1e6
    assert abs(season_index(bulky) / season_index(sold) - 1).max() < 0.2


def test_a_closed_month_does_not_blow_up_what_sells_in_it():
    sold = np.where((DAY_OF_YEAR > 200) & (DAY_OF_YEAR <= 230), 0.0, 100.0)
    assert season_index(sold).min() == 0.1


def test_there_is_no_index_before_two_years_of_sales():
    for days, count in ((730, 0), (731, 1)):
        sold = np.zeros(DAYS)
        sold[-days:] = 5.0
        assert len(known_indices(sold)) == count
    assert known_indices(np.zeros(DAYS)) == {}


def test_an_index_knows_nothing_of_later_days():
    sold = shop(3, TRUE).sum(axis=0)
    known = known_indices(sold)
    assert len(known) == 7
    for week in known:
        later = 7 * (DAYS // 7 - 1 - week)
        other = sold.copy()
        other[DAYS - later :] *= 5
        assert (known_indices(other)[week] == known[week]).all()


def test_the_mean_ahead_by_hand():
    index = np.array([1.0, 2.0, 4.0, 8.0])
    found = mean_ahead(index, after=np.array([0, 1]), days=np.array([1.0, 2.5]))
    assert np.allclose(found, [[1.0, 2.0], [5.0 / 2.5, 10.0 / 2.5]])


def test_an_index_of_one_changes_no_forecast():
    demand = shop(4, np.ones(DAYS), articles=20)
    spans = {"interval_days": np.full(20, 21.0), "drawn_days": np.full((20, DAYS // 7), 21)}
    plain = forecast_paths(demand, **spans)
    with_index = forecast_paths(demand, index=np.ones(DAYS + DAYS_AHEAD), **spans)
    for name in ("rate", "variance", "share", "season"):
        assert np.allclose(getattr(plain, name), getattr(with_index, name))


@pytest.mark.parametrize("seed", range(5, 9))
def test_the_index_is_used_where_there_is_a_season_and_only_there(seed):
    without = season_of(shop(seed, np.ones(DAYS)))
    assert without.indices and not without.used
    # the first quarter after two years knows too little of whether it helps
    assert max(without.indices) in season_of(shop(seed, TRUE)).used


def test_forecasts_after_a_peak_are_those_of_the_days_ahead():
    demand = shop(9, TRUE)
    levels, blind = (fitted(demand, known).levels for known in (season_of(demand), NO_SEASON))
    rate = demand[:, -365:].mean(axis=1).sum() * 1.2**0.5
    truth = rate * true_season(np.arange(1, 22)).mean()
    assert levels["is_seasonal"].all() and not blind["is_seasonal"].any()
    assert levels["forecast_daily_demand"].sum() == pytest.approx(truth, rel=0.1)
    assert blind["forecast_daily_demand"].sum() > 1.3 * truth
    assert levels["reorder_point_units"].sum() < 0.85 * blind["reorder_point_units"].sum()
    assert levels["season_index"].to_numpy() == pytest.approx(true_season(10), abs=0.15)
    share = f"{100 * levels['season_index'].iloc[0]:.0f} % of a mean day"
    assert levels["reason"].str.contains(share, regex=False).all()
    assert blind["season_index"].isna().all()
    assert blind["reason"].str.contains("no season is known").all()


def test_service_of_a_replay_that_holds_a_peak_is_within_two_points():
    demand = shop(10, TRUE)
    service = {}
    for name, known in (("seasonal", season_of(demand)), ("blind", NO_SEASON)):
        rows = fitted(demand, known).backtest.query("rule == 'model'")
        service[name] = np.average(rows["cycle_service"], weights=rows["cycles"])
    assert service["seasonal"] == pytest.approx(0.95, abs=0.02)
    assert service["blind"] < 0.92


def test_the_season_is_the_shop_s_whatever_the_chunk():
    demand = shop(11, TRUE, articles=40)
    rows, days = np.nonzero(demand)
    long = pd.DataFrame(
        {
            "product_id": frame(40)["product_id"].to_numpy()[rows],
            "demanded_on": pd.Timestamp(AS_OF) - pd.to_timedelta(DAYS - 1 - days, "D"),
            "units": demand[rows, days],
        }
    )
    options = {"as_of_date": AS_OF, "history_days": DAYS, "settings": SETTINGS, "seed": 1}
    parts = inventory_chunks(
        frame(40), lambda ids: long[long["product_id"].isin(ids)], long, chunk=15, **options
    )
    levels = pd.concat([part.levels for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(inventory(long, frame(40), **options).levels, levels)
    assert levels["is_seasonal"].all()
