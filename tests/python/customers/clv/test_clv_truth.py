"""Lifetime values against what the sample generator knows: rates, and who is still a customer.

Nearly half of its customers were never going to order again. Nothing they did tells them from slow
buyers, which is why their share alive is not held against p_alive; what is expected of them is.
"""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from compiled import run_models
from scipy.stats import spearmanr

from retail_analytics.customers.clv.groups import (
    history_groups,
    past_histories,
    spend_groups,
    trade_months,
)
from retail_analytics.customers.clv.tables import backtest_models, fit_models, score_groups
from retail_analytics.customers.season import trade_days
from retail_analytics.sample import write_sample

SEEDS = range(11, 17)
CUSTOMERS = 1_500


def recovered(seed: int, folder: Path) -> pd.DataFrame:
    """One row a customer of a fresh sample: what is served, a year ahead, beside the truths."""
    write_sample(customers=CUSTOMERS, out=folder, seed=seed, file_format="parquet")
    con = duckdb.connect()
    con.execute(f"""
        create table orders as
        select distinct on (order_id)
            customer_id,
            'completed' as order_status,
            try_cast(ordered_at as timestamp) as ordered_at,
            try_cast(ordered_at as date) as ordered_on,
            true as is_purchase,
            try_cast(order_total as decimal(18, 4)) as revenue,
            cast(null as decimal(18, 4)) as margin
        from '{folder}/orders.parquet'
        where customer_id is not null and order_status in ('completed', 'placed')
            and try_cast(ordered_at as date) <= date '2024-12-31';
        create table int_as_of as select date '2024-12-31' as as_of_date;
        create view stg_orders as from orders;
        create table order_statuses as select 'completed' as order_status, true as is_purchase;
    """)
    run_models(con, {"int_history_dates": "table", "int_purchase_days": "table"})
    dates = con.table("int_history_dates")
    months = trade_months(con, orders=con.table("orders"), history_dates=dates).df()
    days = trade_days(months, history_dates=dates.df(), ahead_days=740)
    con.register("found_days", days)
    con.execute("create table trade_days as from found_days")
    con.execute("update trade_days set date_day = cast(date_day as date)")
    run_models(
        con,
        {
            "int_worth_rates": "table",
            "int_customer_histories": "table",
            "int_history_outcomes": "table",
        },
    )
    histories = con.table("int_customer_histories")
    groups = history_groups(con, histories=histories).df()
    is_fitted = groups["purpose"].isin(["serving", "backtest"])
    fits = fit_models(groups[is_fitted], spends=spend_groups(con, histories=histories).df())
    past = past_histories(con, histories=histories, worth_rates=con.table("int_worth_rates"))
    scores = score_groups(
        groups[groups["purpose"] == "serving"].reset_index(drop=True),
        fits=fits[fits["purpose"] == "serving"],
        measured=backtest_models(
            past.df(),
            outcomes=con.table("int_history_outcomes").df(),
            trade_days=days,
            seed=seed,
        ),
        horizons_months=[12],
        annual_discount_rate=0,
        trade_days=days,
        as_of=pd.Timestamp("2024-12-31"),
        seed=seed,
    )
    con.register("scores", scores)
    return con.sql(f"""
        select
            histories.frequency,
            scores.expected_orders,
            scores.p_alive,
            truths.pattern,
            truths.is_alive_at_end,
            truths.dropout_probability,
            truths.buying_rate_per_day * 365 as rate
        from (from int_customer_histories where purpose = 'serving') as histories
        inner join scores using (frequency_bin, gap_bin, age_bin)
        inner join '{folder}/truth_customers.parquet' as truths using (customer_id)
    """).df()


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> list[pd.DataFrame]:
    return [recovered(seed, tmp_path_factory.mktemp(f"seed_{seed}")) for seed in SEEDS]


def test_who_buys_more_often_is_known_on_every_seed(samples):
    for sample in samples:
        estimated = sample["expected_orders"] / sample["p_alive"]
        assert spearmanr(estimated, sample["rate"]).statistic > 0.7
        repeating = sample["frequency"] > 0
        assert spearmanr(estimated[repeating], sample["rate"][repeating]).statistic > 0.4


def test_who_is_still_a_customer_is_known_on_every_seed(samples):
    for sample in samples:
        assert spearmanr(sample["p_alive"], sample["is_alive_at_end"]).statistic > 0.5


def test_alive_probabilities_of_who_came_back_are_calibrated(samples):
    pooled = pd.concat(samples)
    pooled = pooled[pooled["frequency"] > 0]
    fifths = pd.qcut(pooled["p_alive"].rank(method="first"), 5, labels=False)
    by_fifth = pooled.groupby(fifths)[["p_alive", "is_alive_at_end"]].mean().astype(float)
    # too sure by a tenth: samples end with the rush before Christmas, after which many are gone
    assert (by_fifth["p_alive"] - by_fifth["is_alive_at_end"]).abs().max() < 0.2
    assert by_fifth["is_alive_at_end"].is_monotonic_increasing


def test_expected_orders_are_those_of_the_process(samples):
    """Who is alive orders (1 - exp(-rate x chance of dropping out)) / that chance times a year."""
    pooled = pd.concat(samples)
    dropout = pooled["dropout_probability"]
    due = (1 - np.exp(-pooled["rate"] * dropout)) / dropout
    due = due.where(pooled["is_alive_at_end"].astype(bool), 0)
    assert pooled["expected_orders"].sum() / due.sum() == pytest.approx(1, abs=0.35)
    assert spearmanr(pooled["expected_orders"], due).statistic > 0.6
    never_again = pooled["pattern"] == "one_time"
    assert pooled["expected_orders"][never_again].mean() < 0.3 * pooled["expected_orders"].mean()
