-- 1. What is served looks back from the as-of date.
-- 2. The backtest looks back from as long before it as it then looks ahead: half of all days there
--    are, at most a year. Under four weeks there is no backtest.
-- 3. Replays look back from days between the two (`clv_backtest_days` before the as-of date): with
--    the backtest they show how far totals are off from one time to another.
with orders as (
    select
        customer_id,
        order_status,
        {{ shop_day('ordered_at') }} as ordered_on
    from {{ kept('orders') }}
    where customer_id is not null
),

statuses as (
    select * from {{ ref('order_statuses') }}
    where is_purchase
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

spans as (
    select
        as_of.as_of_date,
        min(orders.ordered_on) as first_ordered_on,
        least(365, (as_of.as_of_date - min(orders.ordered_on) + 1) // 2) as holdout_days
    from orders
    inner join statuses on orders.order_status = statuses.order_status
    cross join as_of
    group by as_of.as_of_date
),

replays as (
    select unnest({{ var('clv_backtest_days') }}) as holdout_days
),

history_dates as (
    select
        'serving' as purpose,
        as_of_date,
        first_ordered_on,
        cast(0 as bigint) as holdout_days
    from spans
    union all
    select
        'backtest' as purpose,
        as_of_date - cast(holdout_days as integer) as as_of_date,
        first_ordered_on,
        holdout_days
    from spans
    where holdout_days >= 28
    union all
    select
        'replay ' || replays.holdout_days as purpose,
        spans.as_of_date - cast(replays.holdout_days as integer) as as_of_date,
        spans.first_ordered_on,
        cast(replays.holdout_days as bigint) as holdout_days
    from spans
    inner join replays on spans.holdout_days > replays.holdout_days
)

select * from history_dates
