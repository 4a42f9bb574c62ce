-- 1. The days are those that an order of today has to cover, its review and its lead time, 364 days
--    earlier, so that weekdays agree.
-- 2. A product that had not sold by then has none, nor has one whose interval is as long as that.
with articles as (
    select * from {{ ref('int_inventory_products') }}
),

demand_days as (
    select * from {{ ref('int_demand_days') }}
),

intervals as (
    select
        product_id,
        cast(
            ceil(
                review_period_days + coalesce(lead_time_days, default_lead_time_days)
            ) as bigint
        ) as interval_days,
        as_of_date - 364 as day_a_year_ago
    from articles
),

first_days as (
    select
        product_id,
        min(demanded_on) as first_demanded_on
    from demand_days
    group by product_id
),

windows as (
    select
        intervals.product_id,
        intervals.interval_days,
        intervals.day_a_year_ago as after_day,
        intervals.day_a_year_ago + cast(intervals.interval_days as integer) as up_to_day
    from intervals
    inner join first_days on intervals.product_id = first_days.product_id
    where
        intervals.interval_days < 364
        and first_days.first_demanded_on <= intervals.day_a_year_ago
),

demand_a_year_ago as (
    select
        windows.product_id,
        coalesce(cast(sum(cast(demand_days.units as decimal(18, 4))) as double), 0)
        / windows.interval_days as year_ago_daily_demand
    from windows
    left join demand_days
        on
            windows.product_id = demand_days.product_id
            and windows.after_day < demand_days.demanded_on
            and windows.up_to_day >= demand_days.demanded_on
    group by windows.product_id, windows.interval_days
)

select * from demand_a_year_ago
