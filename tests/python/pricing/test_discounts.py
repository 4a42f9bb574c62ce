"""What discounts do to units and margin, by weeks whose truth is known, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.pricing.discounts import discount_effects
from retail_analytics.pricing.elasticity import price_elasticities

SETTINGS = {
    "minimum_rows": 60,
    "minimum_products": 2,
    "minimum_price_moves": 10,
    "minimum_discount_weeks": 20,
    "minimum_variation_kept": 0.1,
    "maximum_quantity_prices": 0.1,
    "interval_z": 1.2815515655446004,
}
STEPS = np.array([0.05, 0.15, 0.25])


def rare_sales(*, elasticity=-1.5, seed=0, products=40, weeks=100, cost=12.0, season=False):
    """Products sold about once a week, at 10, 20 or 30 % off on random weeks."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.2, weeks)
    parts = []
    for product in range(products):
        off = rng.choice([0, 0.1, 0.2, 0.3], weeks, p=[0.7, 0.1, 0.1, 0.1])
        if season:
            off = np.where(np.arange(weeks) % 20 < 3, 0.2, 0.0)
        level = rng.normal(0, 0.5)
        units = rng.poisson(np.exp(level + shared) * (1 - off) ** elasticity)
        parts.append(
            pd.DataFrame(
                {
                    "product_id": f"P{product}",
                    "category": "Toys",
                    "week": pd.date_range("2023-01-02", periods=weeks, freq="W-MON"),
                    "units": units.astype(float),
                    "price": np.where(units > 0, 20 * (1 - off), np.nan),
                    "posted_price": 20 * (1 - off),
                    "reference_price": 20.0,
                    "unit_cost": cost,
                    "promotion_share": 0.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def step(frame: pd.DataFrame, lowest: float, level: str = "category") -> pd.Series:
    rows = frame[(frame["level"] == level) & (frame["minimum_discount"] == lowest)]
    assert len(rows) == 1
    return rows.iloc[0]


def effects(weeks: pd.DataFrame) -> pd.DataFrame:
    return discount_effects(weeks, steps=STEPS, settings=SETTINGS)


def test_elasticity_of_what_sells_once_in_a_while_is_found_with_its_weeks_without_a_sale():
    covered, alone = [], []
    for seed in range(20):
        weeks = rare_sales(seed=seed)
        row = price_elasticities(weeks, settings=SETTINGS).iloc[0]
        assert row["method"].startswith("Poisson")
        covered.append(row["elasticity_lower"] <= -1.5 <= row["elasticity_upper"])
        sold = weeks[weeks["units"] > 0].drop(columns="posted_price")
        alone.append(price_elasticities(sold, settings=SETTINGS).iloc[0]["elasticity"])
    assert 0.65 <= np.mean(covered) <= 0.95
    # weeks with a sale alone show about half of it
    assert np.mean(alone) > -1.0


def test_uplift_of_each_step_lies_inside_its_interval():
    covered = []
    for seed in range(20):
        frame = effects(rare_sales(seed=seed))
        for lowest, off in zip(STEPS, (0.1, 0.2, 0.3), strict=True):
            row = step(frame, lowest)
            assert row["mean_discount"] == pytest.approx(off)
            covered.append(row["uplift_lower"] <= (1 - off) ** -1.5 - 1 <= row["uplift_upper"])
    assert 0.70 <= np.mean(covered) <= 0.90


def test_what_a_discount_must_do_to_pay():
    # 40 % margin: 10 % off must sell a third more, 30 % off four times as much
    frame = effects(rare_sales(elasticity=-1.5))
    assert step(frame, 0.05)["break_even_uplift"] == pytest.approx(0.1 / 0.3)
    assert step(frame, 0.25)["break_even_uplift"] == pytest.approx(3.0)
    row = step(frame, 0.25)
    assert row["verdict"] == "does_not_pay"
    assert row["margin_change"] == pytest.approx((1 + row["uplift"]) * 0.1 / 0.4 - 1)
    assert step(effects(rare_sales(elasticity=-8.0)), 0.15)["verdict"] == "pays"


def test_below_cost_nothing_pays():
    row = step(effects(rare_sales(elasticity=-8.0, cost=15.0)), 0.25)
    assert np.isnan(row["break_even_uplift"])
    assert row["verdict"] == "does_not_pay"
    assert row["margin_change_lower"] <= row["margin_change"] <= row["margin_change_upper"] < 0


def test_without_costs_there_is_an_uplift_and_no_verdict():
    row = step(effects(rare_sales(cost=np.nan)), 0.25)
    assert row["status"] == "ok" and row["uplift"] > 0
    assert pd.isna(row["verdict"]) and pd.isna(row["margin_change"])


def test_a_discount_that_always_comes_for_all_at_once_is_refused():
    row = step(effects(rare_sales(season=True)), 0.15)
    assert row["status"] == "only_with_season"
    assert pd.isna(row["uplift"])


def test_a_discount_for_large_quantities_is_no_discount_of_the_week():
    weeks = rare_sales().drop(columns="posted_price").query("units > 0")
    assert step(effects(weeks.assign(cheaper_by_quantity=0.0)), 0.25)["status"] == "ok"
    row = step(effects(weeks.assign(cheaper_by_quantity=1.0)), 0.25)
    assert row["status"] == "quantity_prices"
    assert pd.isna(row["uplift"]) and pd.isna(row["verdict"])


def test_seven_weeks_are_refused():
    weeks = rare_sales()
    seven = weeks[weeks["posted_price"] < 20].head(7)
    frame = effects(seven)
    assert set(frame["status"]) <= {"insufficient_data", "no_discount"}
    assert frame["uplift"].isna().all()


def test_a_price_that_never_changed_has_no_discount():
    weeks = rare_sales().assign(posted_price=20.0, price=20.0)
    frame = effects(weeks)
    assert set(frame["status"]) == {"no_discount"}
    assert set(price_elasticities(weeks, settings=SETTINGS)["status"]) == {"no_price_change"}


def test_a_price_of_nothing_is_no_price():
    weeks = rare_sales()
    free = weeks.assign(posted_price=weeks["posted_price"].where(weeks.index % 50 > 0, 0.0))
    frame = effects(free)
    assert step(frame, 0.05)["status"] == "ok"
    assert frame["mean_discount"].max() < 0.5


def test_nothing_gives_nothing():
    assert effects(rare_sales().head(0)).empty
