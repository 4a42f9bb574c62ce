-- The days as of which customers are looked at: today, and past days whose horizons are complete.
-- 1. They lie the longest horizon apart, so that what follows one is over when the next begins.
-- 2. As many as fit into two years to learn from, so that every season is there twice, and one
--    more: the newest is the test of what was learned from the years before it.
-- 3. None before there is a horizon of history to look back on.
with as_of as (
    select * from {{ ref('int_as_of') }}
),

orders as (
    select * from {{ ref('orders') }}
    where is_purchase and customer_id is not null
),

churn_horizons as (
    select * from {{ ref('churn_horizons') }}
),

horizons as (
    select
        cast(max(horizon_days) as integer) as longest_days,
        cast(greatest(1, round(730 / max(horizon_days))) as integer) as cut_off_count
    from churn_horizons
),

history as (
    select min(ordered_on) as first_ordered_on from orders
),

numbers as (
    select
        longest_days,
        unnest(generate_series(0, cut_off_count + 1)) as cut_off_number
    from horizons
),

days as (
    select
        numbers.cut_off_number,
        numbers.longest_days,
        as_of.as_of_date
        - cast(numbers.cut_off_number * numbers.longest_days as integer) as as_of_date
    from numbers
    cross join as_of
    where as_of.as_of_date is not null
),

cut_offs as (
    select
        days.cut_off_number,
        days.cut_off_number = 0 as is_current,
        cast(2 * days.longest_days as bigint) as recent_days,
        days.as_of_date - 2 * days.longest_days as recent_after,
        days.as_of_date
    from days
    cross join history
    where
        days.cut_off_number = 0
        or days.as_of_date - days.longest_days >= history.first_ordered_on
)

select * from cut_offs
