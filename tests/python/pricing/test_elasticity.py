"""Elasticities against the known answer, against truths, and where there are none to give."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.integrate import quad

from retail_analytics.pricing.elasticity import price_elasticities, shrunk, two_way_slopes

MEALS = Path(__file__).resolve().parents[4] / "shared" / "data" / "meal_demand"
SETTINGS = {
    "minimum_rows": 60,
    "minimum_products": 2,
    "minimum_price_moves": 10,
    "minimum_discount_weeks": 20,
    "minimum_variation_kept": 0.1,
    "maximum_quantity_prices": 0.1,
    "interval_z": 1.2815515655446004,
}


@pytest.fixture(scope="module")
def meals() -> pd.DataFrame:
    if not MEALS.exists():
        pytest.skip(f"{MEALS} is not there")
    return pd.read_parquet(MEALS / "weekly_demand.parquet")


def slopes(meals: pd.DataFrame, *columns: str):
    regressors = np.column_stack(
        [np.log(meals["checkout_price"]), *(meals[name] for name in columns)]
    ).astype(float)
    return two_way_slopes(
        np.log(meals["num_orders"].to_numpy(float)),
        regressors,
        group=meals.groupby(["center_id", "meal_id"]).ngroup().to_numpy(),
        period=pd.factorize(meals["week"])[0],
    )


def test_meals_give_the_known_answer(meals):
    found = slopes(meals, "emailer_for_promotion", "homepage_featured")
    assert found.values == pytest.approx([-1.591, 0.495, 0.400], abs=5e-4)
    assert found.standard_errors[0] == pytest.approx(0.036, abs=5e-4)


def test_without_the_flags_a_price_cut_gets_the_credit_of_the_promotion(meals):
    assert slopes(meals).values[0] == pytest.approx(-2.31, abs=5e-3)


def test_the_last_ten_weeks_are_predicted_better_than_by_means(meals):
    pair = meals.groupby(["center_id", "meal_id"]).ngroup()
    meals = meals.assign(
        pair=pair, y=np.log(meals["num_orders"]), p=np.log(meals["checkout_price"])
    )
    early = meals[meals["week"] <= 135]
    late = meals[(meals["week"] > 135) & meals["pair"].isin(early["pair"])]
    flags = ["emailer_for_promotion", "homepage_featured"]
    found = slopes(early, *flags)
    regressors = ["p", *flags]
    means = early.groupby("pair")[["y", *regressors]].mean().loc[late["pair"]].to_numpy()
    predicted = means[:, 0] + (late[regressors].to_numpy(float) - means[:, 1:]) @ found.values
    error = np.sqrt(np.mean((late["y"] - predicted) ** 2))
    mean_error = np.sqrt(np.mean((late["y"] - means[:, 0]) ** 2))
    assert mean_error == pytest.approx(0.662, abs=2e-3)
    assert error <= 0.57


def sold(elasticities, *, products=8, weeks=80, seed=0, season=0.0, moves=True) -> pd.DataFrame:
    """Weekly units of products whose prices move on random weeks (or only with the season)."""
    rng = np.random.default_rng(seed)
    shared = np.cumsum(rng.normal(0, 0.1, weeks))
    parts = []
    for category, elasticity in elasticities.items():
        for product in range(products):
            cut = (rng.random(weeks) < 0.2) if moves else np.zeros(weeks)
            price = np.log(20) - 0.2 * cut
            if season:
                price = np.log(20) - season * (np.arange(weeks) % 26 > 20)
            level = rng.normal(3, 0.5)
            units = np.exp(level + shared + elasticity * price + rng.normal(0, 0.25, weeks))
            parts.append(
                pd.DataFrame(
                    {
                        "product_id": f"{category}{product}",
                        "category": category,
                        "week": pd.date_range("2023-01-02", periods=weeks, freq="W-MON"),
                        "units": units * np.exp(-elasticity * np.log(20)),
                        "price": np.exp(price),
                        "promotion_share": 0.0,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def test_truths_lie_inside_the_intervals():
    truths = {"Books": -0.8, "Toys": -1.5, "Clothing": -2.2}
    covered, found_sign = [], []
    for seed in range(40):
        frame = price_elasticities(sold(truths, seed=seed), settings=SETTINGS)
        own = frame[frame["level"] == "category"].set_index("category")
        assert (own["status"] == "ok").all()
        for category, truth in truths.items():
            row = own.loc[category]
            covered.append(row["elasticity_lower"] <= truth <= row["elasticity_upper"])
            found_sign.append(row["elasticity_upper"] < 0)
    assert 0.70 <= np.mean(covered) <= 0.90
    assert np.mean(found_sign) > 0.95


def test_seven_rows_are_refused():
    frame = price_elasticities(sold({"Toys": -1.5}).head(7), settings=SETTINGS)
    assert set(frame["status"]) == {"insufficient_data"}
    assert frame[["elasticity", "elasticity_lower", "own_elasticity"]].isna().all(axis=None)


def test_a_price_that_never_moved_has_no_elasticity():
    frame = price_elasticities(sold({"Toys": -1.5}, moves=False), settings=SETTINGS)
    assert set(frame["status"]) == {"no_price_change"}


def test_a_discount_that_always_falls_in_one_season_is_refused():
    frame = price_elasticities(sold({"Toys": -1.5}, season=0.2), settings=SETTINGS)
    assert set(frame["status"]) == {"only_with_season"}
    assert frame["elasticity"].isna().all()


def test_prices_that_go_by_the_quantity_are_refused_and_prices_by_chance_are_not():
    weeks = sold({"Toys": -1.5, "Books": -0.8})
    rng = np.random.default_rng(5)
    by_chance = weeks.assign(cheaper_by_quantity=rng.choice([-1.0, 0.0, 1.0, np.nan], len(weeks)))
    assert set(price_elasticities(by_chance, settings=SETTINGS)["status"]) == {"ok"}
    by_quantity = np.where(weeks["category"] == "Toys", 1.0, np.nan)
    frame = price_elasticities(weeks.assign(cheaper_by_quantity=by_quantity), settings=SETTINGS)
    frame = frame.set_index("category")
    assert frame.loc["Toys", "status"] == "quantity_prices"
    assert np.isnan(frame.loc["Toys", "elasticity"])
    assert frame.loc["Books", "status"] == "ok"


def test_nothing_gives_nothing():
    assert price_elasticities(sold({"Toys": -1.5}).head(0), settings=SETTINGS).empty


def test_figures_keep_with_the_currency_and_the_order_of_rows():
    weeks = sold({"Toys": -1.5, "Books": -0.8})
    one = price_elasticities(weeks, settings=SETTINGS)
    two = price_elasticities(
        weeks.assign(price=weeks["price"] * 100).sample(frac=1, random_state=1), settings=SETTINGS
    )
    assert two["elasticity"].to_numpy() == pytest.approx(one["elasticity"].to_numpy(), abs=1e-8)


def test_few_rows_are_shrunk_more():
    values, errors = shrunk(
        np.array([-1.0, -3.0, -2.0, np.nan]),
        np.array([0.1, 1.0, 0.1, np.nan]),
        towards=-1.5,
        towards_error=0.05,
    )
    assert abs(values[1] + 3) > abs(values[0] + 1) and -3 < values[1] < -1.5
    assert values[3] == pytest.approx(-1.5) and errors[3] > 0.05


def test_shrunk_estimates_are_those_of_an_integral_over_the_spread():
    own, errors, common, common_error = np.array([-1.0, -3.0, -2.0]), (0.3, 1.0, 0.4), -1.5, 0.1
    error = np.array(errors)

    def weight(spread: float) -> float:
        total = spread**2 + error**2 + common_error**2
        return float(np.exp(-0.5 * (np.log(total) + (own - common) ** 2 / total)).prod())

    def moments(spread: float, i: int) -> tuple[float, float]:
        """Mean and mean square of a value, normal-normal, where the spread is known."""
        share = spread**2 / (spread**2 + error[i] ** 2)
        centre = share * own[i] + (1 - share) * common
        variance = share * error[i] ** 2 + ((1 - share) * common_error) ** 2
        return centre, variance + centre**2

    def mean_over_spreads(of) -> float:
        # the widest of what was seen, twice
        top = quad(lambda spread: weight(spread) * of(spread), 0, 3.0)[0]
        return top / quad(weight, 0, 3.0)[0]

    values, found = shrunk(own, error, towards=common, towards_error=common_error)
    for i in range(3):
        centre, square = (
            mean_over_spreads(lambda spread, i=i, power=power: moments(spread, i)[power])
            for power in (0, 1)
        )
        assert values[i] == pytest.approx(centre, abs=0.01)
        assert found[i] == pytest.approx(np.sqrt(square - centre**2), abs=0.01)


def test_errors_are_those_of_groups_whose_errors_go_together():
    rng = np.random.default_rng(5)
    group, period = np.repeat(np.arange(6), 20), np.tile(np.arange(20), 6)
    price = rng.normal(size=120)
    # an error that a group keeps for half of its weeks
    error = rng.normal(size=(6, 2))[group, period // 10] + rng.normal(size=120)
    outcome = -1.5 * price + error
    found = two_way_slopes(outcome, price[:, None], group=group, period=period)
    dummies = np.column_stack(
        [group[:, None] == np.arange(6), period[:, None] == np.arange(1, 20)]
    ).astype(float)
    known = sm.OLS(outcome, np.column_stack([price, dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": group, "use_correction": False, "df_correction": 0}
    )
    assert found.values[0] == pytest.approx(known.params[0])
    assert found.standard_errors[0] == pytest.approx(known.bse[0] * np.sqrt(6 / 5))


def test_a_category_with_few_rows_shows_no_figure_and_not_the_shops():
    few = sold({"Books": -0.8}, products=1, weeks=20)
    frame = price_elasticities(pd.concat([sold({"Toys": -1.5}), few]), settings=SETTINGS)
    books = frame.set_index("category").loc["Books"]
    assert books["status"] == "insufficient_data"
    assert books[["elasticity", "elasticity_lower", "elasticity_upper"]].isna().all()
