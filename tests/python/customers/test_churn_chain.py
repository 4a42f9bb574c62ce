"""Churn from orders to risks: what features may know, what risks promise, and CDNOW."""

import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from churn_chain import FEATURE_MODELS, empty_shop, run_chain, shop
from compiled import run_models
from conftest import ROOT

from retail_analytics.customers.churn.backtest import area_under_curve, calibration
from retail_analytics.customers.churn.model import FEATURES, LOGISTIC, OUTCOME, fit_churn, prepared
from retail_analytics.customers.clv.groups import cut_off_season
from retail_analytics.inputs.convert import convert

AS_OF = date(2024, 12, 31)
CDNOW = ROOT.parent / "shared" / "data" / "cdnow"


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def busy_shop(*, customers: int = 400, seed: int = 1) -> duckdb.DuckDBPyConnection:
    """Two years of purchases at own rates, with returns, parcels, complaints and leavers."""
    random = np.random.default_rng(seed)
    purchases = []
    for number in range(customers):
        gap = random.gamma(1.5, 60)
        last = random.exponential(500)
        day = random.uniform(0, 600)
        first = day
        while day <= 730 and (day == first or day - first < last):
            purchases.append((f"C{number:04}", AS_OF - timedelta(days=730 - int(day))))
            day += random.exponential(gap) + 1
    con = shop(purchases, as_of_date=AS_OF)
    # random() gives the same rows each time with one thread only
    con.execute("set threads = 1")
    con.execute("select setseed(0.5)")
    con.execute("update orders set revenue = case when random() > 0.1 then 5 + 90 * random() end")
    con.execute(
        "insert into orders select customer_id, 'R' || order_id, 'returned', false, -revenue, "
        "ordered_on + 9 from orders where random() < 0.1 and ordered_on + 9 <= $1",
        [AS_OF],
    )
    con.execute(
        "insert into deliveries select order_id, ordered_on + 4, case when random() < 0.9 "
        "then ordered_on + 1 + cast(9 * random() as integer) end from orders where is_purchase"
    )
    con.execute(
        "insert into stg_complaints select order_id, 1, ordered_on + 6 from orders "
        "where random() < 0.1"
    )
    con.execute(
        "insert into stg_cancellations select customer_id, 1, max(ordered_on) + 20 from orders "
        "group by customer_id having random() < 0.2"
    )
    con.execute("reset threads")
    return con


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return con.execute(query).fetchall()


def features_until(con: duckdb.DuckDBPyConnection, day: date) -> pd.DataFrame:
    run_models(con, FEATURE_MODELS)
    return con.execute(
        "select * from int_churn_features where as_of_date <= $1 order by as_of_date, customer_id",
        [day],
    ).df()


@pytest.mark.parametrize(
    "future",
    [
        "delete from {table} where {day} > $1",
        "insert into {table} from {table} where {day} > $1",
        "update {table} set {day} = {day} + 1 + cast(40 * random() as integer) where {day} > $1",
    ],
    ids=["gone", "twice", "later"],
)
def test_no_feature_knows_what_comes_after_its_day(future: str) -> None:
    con = busy_shop()
    run_models(con, FEATURE_MODELS)
    day = rows(con, "select as_of_date from int_churn_cut_offs where cut_off_number = 2")[0][0]
    before = features_until(con, day)
    assert len(before) > 500 and (before[list(FEATURES)].nunique() > 1).all()
    for table, column in (
        ("orders", "ordered_on"),
        ("deliveries", "promised_on"),
        ("stg_complaints", "complained_on"),
        ("stg_cancellations", "cancelled_on"),
    ):
        con.execute(future.format(table=table, day=column), [day])
    # a parcel that is late on the day stays so, whether it comes a day later or never
    con.execute("update deliveries set delivered_on = null where delivered_on > $1", [day])
    # who bought, and for how much, is shuffled
    con.execute(
        "update orders set customer_id = 'C' || lpad(cast(cast(399 * random() as integer) as "
        "varchar), 4, '0'), revenue = 1000 where ordered_on > $1",
        [day],
    )
    after = features_until(con, day)
    pd.testing.assert_frame_equal(before, after)


def test_a_customer_more_changes_no_feature_of_the_others() -> None:
    con = busy_shop()
    before = features_until(con, AS_OF)
    con.execute(
        "insert into orders values ('new', 'new', 'completed', true, 1000000, $1)",
        [AS_OF - timedelta(days=300)],
    )
    after = features_until(con, AS_OF)
    assert len(after) > len(before)
    after = after[after["customer_id"] != "new"].reset_index(drop=True)
    pd.testing.assert_frame_equal(before, after)


@pytest.fixture(scope="module")
def served() -> duckdb.DuckDBPyConnection:
    con = busy_shop(customers=1_500)
    con.execute(
        "create table customers as select distinct customer_id, cast(null as date) as "
        "last_ordered_on, "
        "cast(null as boolean) as has_marketing_consent from orders"
    )
    con.execute("insert into customers values ('never bought', null, null)")
    run_chain(con)
    return con


def test_everybody_has_one_row_a_horizon(served: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        served,
        "select count(*) = 3 * (select count(*) from customers), "
        "count(distinct (customer_id, horizon_days)) = count(*) from customer_churn_risks",
    ) == [(True, True)]
    assert rows(
        served, "select distinct status, method from customer_churn_risks order by all"
    ) == [
        ("insufficient_data", "none"),
        ("ok", LOGISTIC),
    ]


def test_a_probability_never_rises_with_the_horizon(
    served: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        served,
        "select count(*) from (select no_purchase_probability > lag(no_purchase_probability) over "
        "(partition by customer_id order by horizon_days) as rises from customer_churn_risks) "
        "where rises",
    ) == [(0,)]


def test_sql_gives_the_probabilities_and_intervals_of_the_model(
    served: duckdb.DuckDBPyConnection,
) -> None:
    training = prepared(served.table("int_churn_training").df(), horizons=[30, 60, 90])
    model = fit_churn(
        training,
        method=LOGISTIC,
        horizons=[30, 60, 90],
        as_of_date=pd.Timestamp(AS_OF),
        trade=cut_off_season(
            served,
            orders=served.table("orders"),
            cut_offs=served.table("int_churn_cut_offs").df(),
            number=0,
        ),
    )
    customers = served.execute(
        "from int_churn_features where as_of_date = $1 order by customer_id", [AS_OF]
    ).df()
    found = served.execute(
        "select log_odds, no_purchase_probability_lower as lower, "
        "no_purchase_probability_upper as upper from customer_churn_risks "
        "where status = 'ok' order by customer_id, horizon_days"
    ).df()
    buyers = served.execute("select count(distinct customer_id) from orders").fetchall()[0][0]
    lower, upper = model.bounds(customers, group_size=buyers / 10)
    assert found["log_odds"].to_numpy() == pytest.approx(model.log_odds(customers).ravel())
    assert found["lower"].to_numpy() == pytest.approx(lower.ravel(), abs=2e-3)
    assert found["upper"].to_numpy() == pytest.approx(upper.ravel(), abs=2e-3)


def test_drivers_are_named_and_lead_to_an_action(
    served: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        served,
        "select count(*) from customer_churn_risks where status = 'ok' and ("
        "action is null or abs(driver_1_share) < abs(driver_2_share) "
        "or abs(driver_2_share) < abs(driver_3_share) "
        "or abs(driver_1_share) + abs(driver_2_share) + abs(driver_3_share) > 1 + 1e-9)",
    ) == [(0,)]


def test_the_order_of_the_input_changes_no_risk(
    served: duckdb.DuckDBPyConnection,
) -> None:
    con = busy_shop(customers=1_500)
    con.execute(
        "create table customers as select 'never bought' as customer_id, "
        "cast(null as date) as last_ordered_on, "
        "cast(null as boolean) as has_marketing_consent"
    )
    con.execute(
        "insert into customers select distinct customer_id, null, null from orders order by 1 desc"
    )
    con.execute("create or replace table orders as from orders order by hash(order_id)")
    run_chain(con)
    query = "select * from customer_churn_risks order by customer_id, horizon_days"
    pd.testing.assert_frame_equal(
        con.execute(query).df(), served.execute(query).df(), check_exact=True
    )


def once(customers: int) -> list[tuple[str, date]]:
    """Customers who bought once, on days spread over two years."""
    return [
        (f"C{number:04}", AS_OF - timedelta(days=730 * number // customers))
        for number in range(customers)
    ]


def alike(customers: int) -> list[tuple[str, date]]:
    """Customers who bought on the same days, every forty."""
    return [
        (f"C{number:04}", AS_OF - timedelta(days=day))
        for number in range(customers)
        for day in range(0, 730, 40)
    ]


@pytest.mark.parametrize(
    "purchases",
    [
        pytest.param([], id="no orders"),
        pytest.param(once(1), id="one customer"),
        pytest.param(alike(2), id="two customers"),
        pytest.param(alike(300), id="all alike"),
        pytest.param(once(300), id="all bought once"),
    ],
)
def test_degenerate_shops_get_rows_without_figures(
    purchases: list[tuple[str, date]],
) -> None:
    con = shop(purchases, as_of_date=AS_OF) if purchases else empty_shop(None)
    tested = run_chain(con)
    assert tested.empty
    customers = len({customer for customer, _ in purchases})
    assert rows(
        con,
        "select count(*), count(no_purchase_probability), count(action), count(driver_1), "
        "count(*) filter (status = 'insufficient_data' and method = 'none') "
        "from customer_churn_risks",
    ) == [(3 * customers, 0, 0, 0, 3 * customers)]


def test_a_short_history_is_served_by_recency_and_says_so() -> None:
    con = busy_shop(customers=1_000)
    con.execute("delete from orders where ordered_on < $1", [AS_OF - timedelta(days=200)])
    assert run_chain(con).empty
    assert rows(con, "select distinct status, method from customer_churn_risks") == [
        ("short_history", "recency alone")
    ]
    assert rows(
        con,
        "select distinct driver_1 from customer_churn_risks where driver_1 is not null order by 1",
    ) == [("no order for longer than usual",), ("ordered lately",)]


@pytest.fixture(scope="module")
def cdnow_orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The orders of CDNOW, all 23,570 customers, as an input table."""
    if not CDNOW.exists():
        pytest.skip(f"{CDNOW} is not there")
    folder = tmp_path_factory.mktemp("cdnow")
    convert(ROOT / "docs" / "own_data" / "cdnow.sql", source=CDNOW, out=folder)
    return folder / "orders.parquet"


def cdnow_shop(orders: Path, as_of_date: date) -> duckdb.DuckDBPyConnection:
    con = empty_shop(as_of_date)
    con.execute(
        "insert into orders select customer_id, order_id, 'completed', true, order_total, "
        f"ordered_at from read_parquet('{orders}')"
    )
    return con


def test_cdnow_39_weeks_ahead(cdnow_orders: Path) -> None:
    con = cdnow_shop(cdnow_orders, date(1997, 9, 30))
    run_models(con, FEATURE_MODELS)
    customers = con.execute(
        "with next_orders as (select customer_id, min(ordered_on) as next_on from orders "
        "where ordered_on > date '1997-09-30' group by customer_id) "
        "select features.*, next_on - as_of_date as days_to_next_purchase "
        "from int_churn_features as features left join next_orders using (customer_id) "
        "where as_of_date = date '1997-09-30' order by customer_id"
    ).df()
    assert len(customers) == 23_570
    stayed = (~(customers[OUTCOME].fillna(999) <= 273)).to_numpy(dtype=float)
    odds = np.empty(len(customers))
    half = np.arange(len(customers)) % 2
    # each half is predicted from the other
    for fold in (0, 1):
        model = fit_churn(
            prepared(customers[half != fold], horizons=[273]),
            method=LOGISTIC,
            horizons=[273],
            as_of_date=pd.Timestamp("1998-06-30"),
        )
        odds[half == fold] = model.log_odds(customers[half == fold])[:, 0]
    assert area_under_curve(odds, stayed) >= 0.765
    intercept, slope = calibration(odds, stayed)
    assert 0.9 <= slope <= 1.1 and abs(intercept) <= 0.1


def test_cdnow_30_to_90_days_ahead_beats_its_baselines(cdnow_orders: Path) -> None:
    tested = run_chain(cdnow_shop(cdnow_orders, date(1998, 6, 30)))
    serving = tested[tested["is_serving"]].set_index(["metric", "horizon_days"]).sort_index()
    for horizon in (30, 60, 90):
        assert (serving.loc[("auc", horizon), "value"] >= 0.82).all()
        brier = serving.loc[("brier_score", horizon)]
        assert (brier["value"] < 0.97 * brier["baseline_value"]).all()
        assert serving.loc[("calibration_slope", horizon), "value"].between(0.9, 1.1).all()
