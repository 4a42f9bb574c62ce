"""What the fits read, grouped in the warehouse: no table of all customers is held in memory."""

from typing import Any

import pandas as pd

from retail_analytics.customers.season import TradeYear, covered_days, filled, trade_year
from retail_analytics.storage.engine import Connection, Relation, query

SPEND_RESOLUTION = 0.02


def trade_months(
    con: Connection,
    *,
    orders: Relation,
    history_dates: Relation,
) -> Relation:
    """New customers and repeat purchases by purpose, month of the first purchase, and month.

    orders: customer_id, is_purchase and ordered_on; history_dates: purpose and as_of_date. Several
    orders of a day are one purchase; months without any have no row.
    """
    return query(
        con,
        """
        with purchase_days as (
            select
                ordered_on,
                min(ordered_on) over (partition by customer_id) as first_ordered_on
            from orders
            where is_purchase and customer_id is not null
            group by customer_id, ordered_on
        )

        select
            history_dates.purpose,
            date_trunc('month', purchase_days.first_ordered_on) as cohort_month,
            date_trunc('month', purchase_days.ordered_on) as month,
            count(*) filter (purchase_days.ordered_on = purchase_days.first_ordered_on)
                as customer_count,
            count(*) filter (purchase_days.ordered_on > purchase_days.first_ordered_on)
                as purchase_count
        from purchase_days
        inner join history_dates on purchase_days.ordered_on <= history_dates.as_of_date
        group by all
        order by all
        """,
        orders=orders,
        history_dates=history_dates,
    )


def cut_off_season(
    con: Connection, *, orders: Any, cut_offs: pd.DataFrame, number: int
) -> TradeYear:
    """The season as known on the cut-off of this number; none where there is no such cut-off.

    orders: as for `trade_months`; cut_offs: cut_off_number and as_of_date.
    """
    dates = cut_offs[cut_offs["cut_off_number"] == number]
    if dates.empty:
        return TradeYear()
    last = pd.Timestamp(dates["as_of_date"].iloc[0])
    purpose = pd.DataFrame({"purpose": ["churn"], "as_of_date": [last.date()]})
    con.register("churn_history_dates", purpose)
    months = trade_months(con, orders=orders, history_dates=con.table("churn_history_dates")).df()
    if months.empty:
        return TradeYear()
    # from the first month on; whether it is whole is known from the day of the first purchase
    first = orders.filter("is_purchase and customer_id is not null").min("ordered_on")
    first = pd.Timestamp(first.fetchall()[0][0])
    return trade_year(filled(months, last=last), days=covered_days(first, last))


def past_histories(
    con: Connection,
    *,
    histories: Relation,
    worth_rates: Relation,
) -> Relation:
    """The histories of past days, with what a unit of each customer's spend was worth by then."""
    return query(
        con,
        """
        select histories.*, coalesce(worth_rates.worth_rate, 1) as worth_rate
        from histories
        left join worth_rates using (purpose, customer_id)
        where purpose <> 'serving'
        """,
        histories=histories,
        worth_rates=worth_rates,
    )


def history_groups(con: Connection, *, histories: Relation) -> Relation:
    """Groups of similar histories, in the columns of `grouping.group_histories`, by purpose."""
    return query(
        con,
        """
        select
            purpose,
            frequency_bin,
            gap_bin,
            age_bin,
            resolution,
            avg(frequency) as frequency,
            avg(recency_days) as recency_days,
            avg(age_days) as age_days,
            count(*) as customer_count
        from histories
        group by all
        order by all
        """,
        histories=histories,
    )


def spend_groups(con: Connection, *, histories: Relation) -> Relation:
    """Purchase counts and similar mean spends as one row, at their mean, with a customer_count.

    histories: purpose, frequency, repeat_mean_spend. The spend model reads repeat purchases, as
    published; `gamma_gamma.group_spends` says what a bin is.
    """
    return query(
        con,
        f"""
        with repeaters as (
            select
                purpose,
                frequency as purchase_count,
                -- exact sums: those of doubles depend on the order of rows
                cast(repeat_mean_spend as decimal(18, 6)) as mean_spend,
                avg(cast(repeat_mean_spend as decimal(18, 6))) over (partition by purpose)
                    as centre,
                count(*) over (partition by purpose) as repeater_count
            from histories
            where frequency > 0 and repeat_mean_spend > 0
        )

        select
            purpose,
            purchase_count,
            avg(mean_spend) as mean_spend,
            count(*) as customer_count
        from repeaters
        group by
            purpose,
            purchase_count,
            case
                when repeater_count <= 20000 then cast(mean_spend as double)
                else floor(ln(cast(mean_spend as double) / centre) / {SPEND_RESOLUTION})
            end
        order by all
        """,
        histories=histories,
    )
