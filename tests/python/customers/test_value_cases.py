"""Lifetime values of shops on which they once came out wrong, and of seasons with a known truth."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from value_chain import run_values, shop_from, shop_of

from retail_analytics.customers.season import TradeYear, covered_days, trade_year

CASES = ROOT.parent / "shared" / "cases"


def case(name: str) -> Path:
    if not (CASES / name).is_dir():
        pytest.skip(f"{CASES / name} is not there")
    return CASES / name


def test_one_bad_purchase_is_no_habit() -> None:
    con = shop_of(case("clv_negative_margin"))
    run_values(con)
    assert con.execute(
        "select count(*) from customer_lifetime_values "
        "where not (value_lower <= expected_value and expected_value <= value_upper)"
    ).fetchall() == [(0,)]
    assert con.execute(
        "select min(expected_value) > -20, count(*) from customer_lifetime_values "
        "where customer_id = 'LOSS'"
    ).fetchall() == [(True, 4)]
    assert con.execute("select distinct value_basis from customer_lifetime_values").fetchall() == [
        ("margin",)
    ]


def test_a_flat_ridge_leaves_no_customer_without_a_value() -> None:
    con = shop_of(case("clv_serving_model_does_not_converge"))
    run_values(con)
    assert con.execute(
        "select count(*) filter (expected_value is null), count(*) > 0 "
        "from customer_lifetime_values"
    ).fetchall() == [(0, True)]
    assert con.execute("select bool_and(is_converged) from model_fits").fetchall() == [(True,)]


def seasonal_shop(*, seed: int, customers: int = 2_000) -> pd.DataFrame:
    """Four years of purchases of Pareto/NBD customers in days of trade, with a peak in December."""
    random = np.random.default_rng(seed)
    days = pd.date_range("2021-01-01", "2024-12-31")
    pace = np.array(INDEX)[days.month - 1]
    running = np.concatenate([[0.0], np.cumsum(pace)])
    calendar = np.arange(len(days) + 1)
    # the first month brings those who were customers before; then customers come with the trade
    weight = pace**0.7
    weight[:31] *= 6
    share = np.concatenate([[0.0], np.cumsum(weight) / weight.sum()])
    born = np.interp(random.random(customers), share, calendar)
    rate = random.gamma(0.8, 5 / 365, customers)
    gone = born + random.exponential(1 / random.gamma(0.8, 1 / 550, customers))
    scale = 1 / random.gamma(4, 1 / 15, customers)
    now, is_customer = np.interp(born, calendar, running), np.ones(customers, dtype=bool)
    found = [(np.arange(customers), born.astype(int))]
    while is_customer.any():
        now = now + random.exponential(1 / np.maximum(rate, 1e-9))
        day = np.interp(now, running, calendar)
        is_customer &= (now < running[-1]) & (day < gone)
        found.append((np.flatnonzero(is_customer), day[is_customer].astype(int)))
    customer, day = (np.concatenate(part) for part in zip(*found, strict=True))
    spend = random.gamma(6, 1 / scale[customer])
    table = pd.DataFrame({"customer_id": customer, "date": days[day], "spend": spend})
    return table.groupby(["customer_id", "date"], as_index=False)["spend"].sum()


PEAK = np.array([0.8, 0.8, 0.85, 0.9, 0.9, 0.9, 0.85, 0.85, 0.9, 1.0, 1.6, 2.4])
INDEX = tuple(PEAK / PEAK.mean())


@pytest.mark.parametrize("as_of", ["2023-09-30", "2023-12-31"])
def test_totals_hold_with_a_season_ahead(as_of: str) -> None:
    purchases = seasonal_shop(seed=7)
    con = shop_from(purchases, as_of_date=as_of)
    run_values(con)
    assert con.execute("select bool_and(is_season_known) from trade_days where purpose = 'serving'")
    known = set(purchases.loc[purchases["date"] <= as_of, "customer_id"])
    for months in (3, 6, 12):
        expected, lower, upper = con.execute(
            "select expected_value, value_lower, value_upper from customer_value_totals "
            "where segment = 'all' and horizon_months = $1",
            [months],
        ).fetchall()[0]
        end = pd.Timestamp(as_of) + pd.Timedelta(days=round(months * 365.25 / 12))
        ahead = purchases["date"].between(as_of, str(end.date()), inclusive="right")
        actual = purchases.loc[ahead & purchases["customer_id"].isin(known), "spend"].sum()
        # values are discounted by a tenth a year
        assert abs(expected / actual - 1) < 0.15
        assert lower < expected < upper and upper / lower < 2
    assert statuses(con) == [(3, "ok"), (6, "ok"), (12, "ok"), (24, "ok")]


def test_values_of_a_season_nobody_has_seen_twice_say_so() -> None:
    con = shop_from(seasonal_shop(seed=7), as_of_date="2022-08-31")
    run_values(con)
    assert statuses(con) == [(months, "short_history") for months in (3, 6, 12, 24)]
    assert con.execute(
        "select bool_and(status = 'short_history'), "
        "min(common_sd) filter (horizon_months <= 6) > 0.29, min(common_sd) >= 0.2 "
        "from customer_value_totals"
    ).fetchall() == [(True, True, True)]


def statuses(con: duckdb.DuckDBPyConnection) -> list[tuple[int, str]]:
    """The statuses of each horizon's values."""
    return con.execute(
        "select distinct horizon_months, status from customer_lifetime_values order by all"
    ).fetchall()


def months_of(purchases: pd.DataFrame) -> pd.DataFrame:
    """What `trade_year` reads."""
    first = purchases.groupby("customer_id")["date"].transform("min")
    table = purchases.assign(
        cohort_month=first.dt.to_period("M").dt.to_timestamp(),
        month=purchases["date"].dt.to_period("M").dt.to_timestamp(),
    )
    sizes = table[table["date"] == first].groupby("cohort_month")["customer_id"].count()
    found = table[table["date"] > first].groupby(["cohort_month", "month"])["customer_id"].count()
    every = [
        (cohort, month)
        for cohort in sizes.index
        for month in pd.date_range(cohort, purchases["date"].max(), freq="MS")
    ]
    keys = pd.MultiIndex.from_tuples(every, names=["cohort_month", "month"])
    grid = keys.to_frame(index=False)
    return grid.assign(
        customer_count=sizes.reindex(grid["cohort_month"]).to_numpy(),
        purchase_count=found.reindex(keys).fillna(0).to_numpy(),
    )


def test_the_season_that_made_the_data_is_found() -> None:
    purchases = seasonal_shop(seed=3)
    days = covered_days(purchases["date"].min(), pd.Timestamp("2024-12-31"))
    found = trade_year(months_of(purchases), days=days)
    assert found.is_known
    assert np.log(found.index) == pytest.approx(np.log(INDEX), abs=0.2)
    # a day before Christmas counts as more than two in spring
    ahead = found.days(pd.Timestamp("2024-11-30"), pd.Timestamp("2024-12-31"))
    assert ahead > 2 * found.days(pd.Timestamp("2024-03-31"), pd.Timestamp("2024-05-01"))


def test_without_two_years_or_a_season_a_day_is_a_day() -> None:
    purchases = seasonal_shop(seed=3)
    early = purchases[purchases["date"] < "2022-12-01"]
    days = covered_days(early["date"].min(), pd.Timestamp("2022-11-30"))
    assert trade_year(months_of(early), days=days) == TradeYear()
    shuffled = purchases.assign(
        date=pd.Timestamp("2021-01-01")
        + pd.to_timedelta(np.random.default_rng(1).integers(0, 1_461, len(purchases)), unit="D")
    )
    days = covered_days(pd.Timestamp("2021-01-01"), pd.Timestamp("2024-12-31"))
    even = trade_year(months_of(shuffled), days=days)
    assert np.log(even.index) == pytest.approx(0, abs=0.1)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="purchase_count"):
        trade_year(pd.DataFrame(columns=["cohort_month", "month", "customer_count"]), days={})
