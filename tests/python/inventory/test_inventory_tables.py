"""Inventory in the warehouse: the stream of rows, and the sample's truths found again."""

import dataclasses
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, Built

from retail_analytics.inventory import InventorySettings, inventory, tables
from retail_analytics.inventory.settings import product_parameters

AS_OF = date(2024, 12, 31)
DAYS = 200
SETTINGS = InventorySettings(
    service_target=0.95,
    review_period_days=7,
    lead_time_days=10.0,
    lead_time_sd_share=0.3,
    holding_cost_rate=0.25,
    order_cost=2.0,
    salvage_rate=0.5,
    cover_weeks=2.0,
)
TRUTHS = ROOT / "seeds" / "sample" / "truth_products.csv"


def settings_frame() -> pd.DataFrame:
    return pd.DataFrame([{"category": "default", **dataclasses.asdict(SETTINGS)}])


def articles(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"product_id": names, "unit_cost": 5.0, "as_of_date": AS_OF})


def demand(*names: str) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "product_id": np.repeat(names, DAYS),
            "demanded_on": [AS_OF - timedelta(days=day) for day in range(DAYS)] * len(names),
            "units": rng.poisson(0.8, DAYS * len(names)) + 1.0,
        }
    )


def fitted(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect() as con:
        reader = tables.fit_inventory(
            frame,
            demand=con.from_df(rows),
            settings=settings_frame(),
            history_days=DAYS,
            seed=1,
        )
        return reader.read_pandas()


def test_the_stream_holds_what_the_frames_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    # two articles a chunk; the quote and the capital must not break the reading of a range
    names = ("a", "B", "o'c", "z", "never sold")
    rows, frame = demand("a", "B", "o'c", "z"), articles(*names)
    monkeypatch.setattr(tables, "CHUNK", 2)
    streamed = fitted(rows, frame)
    whole = inventory(rows, frame, as_of_date=AS_OF, history_days=DAYS, settings=SETTINGS, seed=1)
    assert streamed["product_id"].tolist() == sorted(names * 3)
    assert list(streamed) == list(tables.COLUMNS)
    for frame_of_all, columns in (
        (whole.levels, tables.LEVEL_COLUMNS),
        (whole.backtest, tables.BACKTEST_COLUMNS),
    ):
        found = streamed[list(columns)].drop_duplicates(
            ["product_id", "rule"] if "rule" in columns else ["product_id"]
        )
        pd.testing.assert_frame_equal(
            found.reset_index(drop=True), frame_of_all.reset_index(drop=True), check_dtype=False
        )


def test_without_articles_there_are_no_rows_and_all_columns() -> None:
    found = fitted(demand("a"), articles())
    assert (len(found), list(found)) == (0, list(tables.COLUMNS))


def test_there_is_one_row_of_default_settings() -> None:
    with pytest.raises(ValueError, match="2 rows of the default category"):
        tables.one_row(pd.concat([settings_frame()] * 2))


def test_a_category_s_settings_hold_for_its_articles_alone() -> None:
    frame = pd.DataFrame(
        {
            "product_id": ["own", "default"],
            "default_lead_time_days": [3.0, None],
            "lead_time_sd_share": [0.1, None],
            "cover_weeks": [1.0, None],
            "salvage_rate": [0.75, None],
            "is_perishable": [True, True],
            "list_price": [3.0, 3.0],
            "unit_cost": [2.0, 2.0],
        }
    )
    found = product_parameters(frame, settings=SETTINGS)
    assert found.lead_time_days.tolist() == [3.0, 10.0]
    assert found.lead_time_sd_days.tolist() == pytest.approx([0.3, 3.0])
    assert found.lead_time_source.tolist() == ["default", "default"]
    assert found.cover_weeks.tolist() == [1.0, 2.0]
    # a margin of 1 against 2 x (1 - salvage) lost
    assert found.service_target.tolist() == pytest.approx([1 / 1.5, 1 / 2.0])


@pytest.fixture(scope="module")
def sample(sample_warehouse: Built) -> pd.DataFrame:
    """The sample's levels beside what its articles really are."""
    names = ["product_id", "demand_class", "mean_daily_demand", "sd_daily_demand", "history_days"]
    names += ["status", "reason"]
    rows = sample_warehouse.query(f"select {', '.join(names)} from marts.inventory_levels")
    return pd.DataFrame(rows, columns=names).merge(pd.read_csv(TRUTHS), on="product_id")


def test_mean_demand_of_the_sample_is_what_was_drawn(sample: pd.DataFrame) -> None:
    # the truth counts the days before the first sale, too
    days = sample["history_days"] / 1096
    found = sample["mean_daily_demand"] * days
    # rows wrong on purpose, and same-day returns, are units of a few articles
    assert (abs(found - sample["mean_daily_demand_units"]) * 1096 < 4).all()
    assert found.sum() == pytest.approx(sample["mean_daily_demand_units"].sum(), rel=0.01)


def test_dispersion_of_the_sample_is_what_was_drawn(sample: pd.DataFrame) -> None:
    found = sample["sd_daily_demand"] ** 2 / sample["mean_daily_demand"]
    assert (abs(found / sample["dispersion"] - 1) < 0.05).mean() > 0.95


def test_bulky_articles_of_the_sample_are_found(sample: pd.DataFrame) -> None:
    # seldom and often cannot be told apart: nearly all articles sell on less than a third of days
    uneven = sample["demand_class"].isin(["lumpy", "erratic"])
    truly_uneven = sample["demand_kind"].isin(["bulky", "lumpy"])
    assert (uneven == truly_uneven).mean() >= 0.9
    assert truly_uneven[uneven].mean() >= 0.9


def test_levels_of_the_sample_beat_the_rules_of_thumb(sample_warehouse: Built) -> None:
    rows = sample_warehouse.query(
        "select metric, baseline, skill, coverage from quality.model_quality "
        "where mart = 'inventory_levels'"
    )
    assert {metric for metric, *_ in rows} == {"pinball_loss", "service_gap", "coverage_rate"}
    assert all(skill > 0 for metric, _, skill, _ in rows if metric != "coverage_rate")
    # an article has three or four orders in the replay: the interval of so few holds more than 80 %
    assert all(0.7 < coverage < 0.97 for metric, *_, coverage in rows if metric == "coverage_rate")


def test_orders_of_the_sample_after_christmas_are_not_for_christmas(
    sample_warehouse: Built,
) -> None:
    ((forecast, mean, seasonal, service),) = sample_warehouse.query(
        "select sum(forecast_daily_demand), sum(mean_daily_demand), bool_and(is_seasonal), "
        "avg(service_achieved) filter (not is_perishable) from marts.inventory_levels "
        "where reorder_point_units is not null"
    )
    # of a shop that grew by a quarter a year, with June, November and December well above the rest
    assert seasonal
    assert mean < forecast < 1.2 * mean
    assert service == pytest.approx(0.95, abs=0.02)
