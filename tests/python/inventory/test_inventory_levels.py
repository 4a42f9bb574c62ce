"""Inventory levels as a whole: the service they reach, and what they do with odd input."""

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pytest

from retail_analytics.inventory import (
    InventorySettings,
    inventory,
    inventory_chunk,
    inventory_chunks,
)
from retail_analytics.inventory.demand_matrix import demand_matrix
from retail_analytics.inventory.levels import BACKTEST_COLUMNS, LEVEL_COLUMNS
from retail_analytics.inventory.simulation import simulate_policy

AS_OF = date(2024, 12, 31)
SETTINGS = InventorySettings(
    service_target=0.95,
    review_period_days=7,
    lead_time_days=10.0,
    lead_time_sd_share=0.3,
    holding_cost_rate=0.25,
    order_cost=0.0,
    salvage_rate=0.0,
    cover_weeks=2.0,
)


def negative_binomial(rng, shape):
    return rng.negative_binomial(0.8, 0.8 / (0.8 + 2.0), shape).astype(float)


def poisson(rng, shape):
    return rng.poisson(1.5, shape).astype(float)


def slow_poisson(rng, shape):
    return rng.poisson(0.1, shape).astype(float)


def lumpy(rng, shape):
    sizes = np.maximum(np.rint(rng.lognormal(1.2, 0.9, shape)), 1)
    return (rng.random(shape) < 0.1) * sizes


def packs(rng, shape):
    return (rng.random(shape) < 0.15) * rng.choice([12.0, 24.0], shape)


def normal(rng, shape):
    return np.maximum(np.rint(rng.normal(50.0, 12.0, shape)), 0)


KINDS = [negative_binomial, poisson, slow_poisson, lumpy, packs, normal]


def lead_times(rng, shape):
    """Gamma, mean 10 days and deviation 3, in whole days."""
    return np.rint(rng.gamma(100 / 9, 0.9, shape)).astype(int)


def articles(count):
    return pd.DataFrame({"product_id": [f"p{number:04}" for number in range(count)]})


def chunk(demand, frame=None, *, settings=SETTINGS, seed=1, **changes):
    frame = articles(len(demand)) if frame is None else frame
    settings = dataclasses.replace(settings, **changes)
    return inventory_chunk(demand, frame, as_of_date=AS_OF, settings=settings, seed=seed)


def interval_sums(rng, kind, count=20_000):
    span = 7 + lead_times(rng, count)
    days = np.cumsum(kind(rng, (count, span.max())), axis=1)
    return np.sort(days[np.arange(count), span - 1])


def covered(levels, sums):
    return np.searchsorted(sums, levels, side="right") / len(sums)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("target", [0.90, 0.95, 0.98])
@pytest.mark.parametrize("kind", KINDS)
def test_service_is_within_two_points_of_the_target(kind, target, seed):
    rng = np.random.default_rng(seed)
    demand = kind(rng, (150, 546))
    levels = chunk(demand, service_target=target).levels["reorder_point_units"].to_numpy()
    sums = interval_sums(rng, kind)
    assert covered(levels, sums).mean() > target - 0.02
    # Whole units cannot hit every target: one unit less has to be no more than two points over.
    assert covered(levels - 1, sums).mean() < target + 0.02


def test_flat_rule_is_beaten_on_every_kind_of_demand():
    for kind in KINDS:
        rng = np.random.default_rng(3)
        demand = kind(rng, (150, 546))
        levels = chunk(demand).levels
        flat = np.ceil(1.3 * levels["mean_daily_demand"].to_numpy() * 17)
        sums = interval_sums(rng, kind)
        miss = abs(covered(levels["reorder_point_units"].to_numpy(), sums) - 0.95)
        assert miss.mean() < abs(covered(flat, sums) - 0.95).mean()
        assert covered(flat, sums).mean() < 0.94


@pytest.mark.parametrize("order_cost", [0.0, 20.0])
@pytest.mark.parametrize("kind", [negative_binomial, poisson, packs, normal])
def test_policy_reaches_its_service_in_simulation(kind, order_cost):
    rng = np.random.default_rng(4)
    count, days = 150, 1200
    frame = articles(count).assign(unit_cost=5.0)
    levels = chunk(kind(rng, (count, 546)), frame, order_cost=order_cost).levels
    spells = lead_times(rng, (count, days // 17 + 1))
    found = simulate_policy(
        kind(rng, (count, days)),
        reorder_point=levels["reorder_point_units"].to_numpy(),
        order_up_to=levels["order_up_to_units"].to_numpy(),
        review_period_days=np.full(count, 7),
        lead_time_days=np.repeat(spells, 17, axis=1)[:, :days],
    )
    service = np.average(found["cycle_service"], weights=found["cycles"])
    assert service == pytest.approx(0.95, abs=0.02)


def test_short_history_is_made_up_for():
    rng = np.random.default_rng(5)
    levels = chunk(negative_binomial(rng, (300, 70))).levels
    assert (levels["status"] == "short_history").all()
    sums = interval_sums(rng, negative_binomial)
    service = covered(levels["reorder_point_units"].to_numpy(), sums).mean()
    assert service == pytest.approx(0.95, abs=0.02)


def test_model_beats_both_rules_of_thumb_on_held_out_demand():
    rng = np.random.default_rng(6)
    demand = np.concatenate([kind(rng, (60, 546)) for kind in KINDS])
    frame = articles(len(demand)).assign(unit_cost=2.0)
    result = chunk(demand, frame)
    backtest = result.backtest.merge(frame.assign(kind=np.repeat(range(len(KINDS)), 60)))
    by_kind = backtest.groupby(["rule", "kind"])["cycle_service"].mean().unstack("rule")
    miss = (by_kind - 0.95).abs()
    assert by_kind["model"].min() > 0.93
    assert (miss["model"] < miss["flat_30_pct"]).all()
    assert miss["model"].mean() < miss["weeks_of_cover"].mean() / 2
    assert result.levels["backtest_loss"].sum() < 0.85 * result.levels["baseline_loss"].sum()
    cost = backtest["average_on_hand_units"] * 2.0 * 0.25
    assert np.allclose(backtest["holding_cost"], cost)


def mixed(count=60, days=400):
    rng = np.random.default_rng(7)
    demand = np.concatenate([kind(rng, (count // 6, days)) for kind in KINDS])
    demand[::7, : days - 100] = 0.0
    return demand


def test_an_article_depends_on_no_other_and_on_no_order():
    demand, frame = mixed(), articles(60).assign(unit_cost=3.0)
    whole = chunk(demand, frame, order_cost=5.0)
    order = np.random.default_rng(8).permutation(60)[:25]
    part = chunk(demand[order], frame.iloc[order], order_cost=5.0)
    for name, key in (("levels", ["product_id"]), ("backtest", ["product_id", "rule"])):
        everything = getattr(whole, name).set_index(key)
        some = getattr(part, name).set_index(key)
        pd.testing.assert_frame_equal(everything.loc[some.index], some, check_exact=True)


def test_the_same_seed_gives_the_same_rows_and_another_nearly_the_same_levels():
    demand = mixed()
    first, again, other = chunk(demand), chunk(demand), chunk(demand, seed=2)
    pd.testing.assert_frame_equal(first.levels, again.levels, check_exact=True)
    pd.testing.assert_frame_equal(first.backtest, again.backtest, check_exact=True)
    levels, others = (
        frame["reorder_point_units"].to_numpy() for frame in (first.levels, other.levels)
    )
    assert np.median(np.abs(levels - others) / np.maximum(levels, 1)) < 0.05


def test_long_frame_and_matrix_agree_whatever_the_order_and_the_chunk():
    demand = mixed()
    rows, days = np.nonzero(demand)
    frame = articles(60).assign(revenue=np.arange(60.0))
    long = pd.DataFrame(
        {
            "product_id": frame["product_id"].to_numpy()[rows],
            "demanded_on": pd.Timestamp(AS_OF) - pd.to_timedelta(399 - days, "D"),
            "units": demand[rows, days],
        }
    )
    options = {"as_of_date": AS_OF, "history_days": 400, "settings": SETTINGS, "seed": 1}
    shuffled = long.sample(frac=1, random_state=1)
    whole = inventory(shuffled, frame.sample(frac=1, random_state=2), **options)
    parts = list(
        inventory_chunks(
            frame, lambda ids: long[long["product_id"].isin(ids)], long, chunk=17, **options
        )
    )
    levels = pd.concat([part.levels for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(whole.levels, levels, check_exact=True)
    assert set(whole.levels["abc_class"]) == {"A", "B", "C"}
    direct = chunk(demand).levels
    assert (direct["reorder_point_units"] == levels["reorder_point_units"]).all()


def test_levels_are_in_order_and_grow_with_the_target():
    demand = mixed()
    before = None
    for target in (0.6, 0.8, 0.9, 0.95, 0.98):
        levels = chunk(demand, service_target=target).levels
        assert (levels["safety_stock_units"] >= 0).all()
        assert (levels["reorder_point_units"] >= levels["safety_stock_units"]).all()
        assert (levels["order_up_to_units"] >= levels["reorder_point_units"]).all()
        total = levels["reorder_point_units"].sum()
        assert before is None or total > before
        before = total


def test_levels_scale_with_the_unit():
    demand = mixed()
    small, large = chunk(demand).levels, chunk(demand * 1000).levels
    smooth = (small["mean_daily_demand"] > 5).to_numpy()
    ratio = large["reorder_point_units"] / small["reorder_point_units"]
    assert np.allclose(ratio[smooth], 1000, rtol=0.02)
    assert (small["method"] == large["method"]).mean() > 0.9


def test_demand_before_the_first_sale_is_no_history():
    rng = np.random.default_rng(9)
    demand = poisson(rng, (20, 210))
    late = np.concatenate([np.zeros((20, 336)), demand], axis=1)
    early, padded = chunk(demand).levels, chunk(late).levels
    for column in ("history_days", "mean_daily_demand", "reorder_point_units", "method"):
        assert (early[column] == padded[column]).all()


def test_articles_without_enough_to_go_by_get_no_made_up_level():
    demand = np.zeros((4, 200))
    demand[1, 50] = 3.0
    demand[2, -5:] = 2.0
    demand[3] = 1.0
    rows = chunk(demand, articles(4).assign(on_hand_units=5.0)).levels
    assert rows["demand_class"].tolist() == ["no_demand", "intermittent", "smooth", "smooth"]
    assert rows["status"].tolist() == ["insufficient_data"] * 3 + ["ok"]
    for column in ("reorder_point_units", "order_now_units", "method", "service_achieved"):
        assert rows[column].isna().tolist() == [True, True, True, False]
    assert rows["reason"].str.len().min() > 20
    # One a day for certain: what review and the longest likely lead time take.
    assert 17 <= rows.loc[3, "reorder_point_units"] <= 26


def test_what_to_order_now():
    demand = np.tile([2.0], (3, 300))
    frame = articles(3).assign(on_hand_units=[0.0, 1000.0, None], on_order_units=[4.0, 0.0, 0.0])
    rows = chunk(demand, frame).levels
    assert rows.loc[0, "order_now_units"] == rows.loc[0, "order_up_to_units"] - 4
    assert rows.loc[1, "order_now_units"] == 0
    assert np.isnan(rows.loc[2, "order_now_units"])
    assert rows.loc[1, "days_of_cover"] == pytest.approx(500)
    assert "order" in rows.loc[0, "reason"] and "nothing" in rows.loc[1, "reason"]
    assert "without a recent stock count" in rows.loc[2, "reason"]


@pytest.mark.parametrize("factor", [1e6, 1e12, 1e-3])
def test_huge_and_tiny_amounts_stay_finite(factor):
    rows = chunk(mixed() * factor).levels
    usable = rows["status"] != "insufficient_data"
    assert np.isfinite(rows.loc[usable, "reorder_point_units"]).all()


def test_level_shift_dead_article_and_single_article():
    demand = np.ones((2, 300))
    demand[0, 250:] = 9.0
    demand[1, 200:] = 0.0
    rows = chunk(demand).levels
    assert rows.loc[0, "forecast_daily_demand"] > 3
    assert rows.loc[1, "forecast_daily_demand"] < 0.5
    alone = chunk(demand[:1], articles(2).head(1)).levels
    assert alone.loc[0, "reorder_point_units"] == rows.loc[0, "reorder_point_units"]


def test_no_articles_give_empty_frames_with_columns():
    empty = chunk(np.zeros((0, 100)), articles(0))
    assert list(empty.levels.columns) == list(LEVEL_COLUMNS)
    assert list(empty.backtest.columns) == list(BACKTEST_COLUMNS)
    long = pd.DataFrame({"product_id": [], "demanded_on": [], "units": []})
    whole = inventory(
        long, articles(0), as_of_date=AS_OF, history_days=60, settings=SETTINGS, seed=1
    )
    assert whole.levels.empty and whole.backtest.empty


def test_bad_input_names_its_column():
    demand = np.ones((2, 60))
    for bad, column in ((np.nan, "units"), (-1.0, "units"), (np.inf, "units")):
        wrong = demand.copy()
        wrong[1, 3] = bad
        with pytest.raises(ValueError, match=f"^{column}:"):
            chunk(wrong)
    with pytest.raises(ValueError, match="^product_id:"):
        chunk(demand, articles(3))
    with pytest.raises(ValueError, match="^product_id:"):
        chunk(demand, pd.DataFrame({"product_id": ["a", "a"]}))
    with pytest.raises(ValueError, match="^product_id:"):
        chunk(demand, pd.DataFrame({"name": ["a", "b"]}))
    with pytest.raises(ValueError, match="^units:"):
        chunk(demand[:, :10])
    long = pd.DataFrame({"product_id": ["z"], "demanded_on": [AS_OF], "units": [1.0]})
    known = long.assign(product_id="p0000")
    options = {"as_of_date": AS_OF, "history_days": 60, "settings": SETTINGS, "seed": 1}
    with pytest.raises(ValueError, match="^product_id:"):
        inventory(long, articles(2), **options)
    with pytest.raises(ValueError, match="^units:"):
        inventory(known.drop(columns="units"), articles(2), **options)
    with pytest.raises(ValueError, match="^units:"):
        inventory(known.assign(units=-1.0), articles(2), **options)


def test_matrix_of_the_long_frame_is_what_a_chunk_takes():
    long = pd.DataFrame({"product_id": ["p0000"] * 2, "demanded_on": [AS_OF] * 2, "units": [1, 2]})
    ids = articles(1)["product_id"].tolist()
    matrix = demand_matrix(long, product_ids=ids, as_of_date=AS_OF, days=60)
    assert chunk(matrix).levels.loc[0, "history_days"] == 1
