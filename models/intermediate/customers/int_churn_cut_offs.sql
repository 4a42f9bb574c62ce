-- The days as of which customers are looked at: today, and past days whose horizons are complete.
-- 1. They lie the longest horizon apart, so that what follows one is over when the next begins.
-- 2. As many as fit into a year to learn from, so that every season is there once, and one more:
--    the newest is the test of what was learned from the year before it.
-- 3. None before there is a horizon of history to look back on.
with as_of as (
    select * from {{ ref('int_as_of') }}
),

orders as (
    select * from {{ ref('orders') }}
    where is_purchase and customer_id is not null
),

risk_classes as (
    select * from {{ ref('churn_risk_classes') }}
),

horizons as (
    select
        cast(max(horizon_days) as integer) as longest_days,
        cast(greatest(1, round(365 / max(horizon_days))) as integer) as cut_offs_a_year
    from risk_classes
),

history as (
    select min(ordered_on) as first_ordered_on from orders
),

numbers as (
    select
        longest_days,
        unnest(generate_series(0, cut_offs_a_year + 1)) as cut_off_number
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
