-- What customers bought within the days after a past history; who bought nothing has no row.
with purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

history_dates as (
    select * from {{ ref('int_history_dates') }}
    where holdout_days > 0
),

lengths as (
    select unnest({{ var('clv_backtest_days') }}) as horizon_days
),

horizons as (
    select
        history_dates.purpose,
        history_dates.as_of_date,
        cast(lengths.horizon_days as bigint) as horizon_days
    from history_dates
    inner join lengths on history_dates.holdout_days > lengths.horizon_days
    union all
    select
        purpose,
        as_of_date,
        holdout_days as horizon_days
    from history_dates
),

history_outcomes as (
    select
        horizons.purpose,
        purchase_days.customer_id,
        horizons.horizon_days,
        count(*) as holdout_orders,
        cast(sum(purchase_days.worth) as double) as holdout_worth
    from purchase_days
    inner join horizons
        on
            purchase_days.ordered_on > horizons.as_of_date
            and purchase_days.ordered_on
            <= horizons.as_of_date + cast(horizons.horizon_days as integer)
    group by horizons.purpose, purchase_days.customer_id, horizons.horizon_days
)

select * from history_outcomes
