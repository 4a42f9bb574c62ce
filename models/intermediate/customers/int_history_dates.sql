-- 1. What is served looks back from the as-of date.
-- 2. The backtest looks back from as long before it as it then looks ahead: half of all days there
--    are, at most a year. Under four weeks there is no backtest.
with orders as (
    select * from {{ ref('orders') }}
    where is_purchase and customer_id is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

spans as (
    select
        as_of.as_of_date,
        least(365, (as_of.as_of_date - min(orders.ordered_on) + 1) // 2) as holdout_days
    from orders
    cross join as_of
    group by as_of.as_of_date
),

history_dates as (
    select
        'serving' as purpose,
        as_of_date,
        cast(0 as bigint) as holdout_days
    from spans
    union all
    select
        'backtest' as purpose,
        as_of_date - cast(holdout_days as integer) as as_of_date,
        holdout_days
    from spans
    where holdout_days >= 28
)

select * from history_dates
