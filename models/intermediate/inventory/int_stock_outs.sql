-- 1. The stock-out rate is the share of count days on which there was nothing; the in-stock share is
--    that of the count days since the last sale on which there was something to sell.
with counts as (
    select * from {{ kept('stock_levels') }}
),

demand_days as (
    select * from {{ ref('int_demand_days') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

count_days as (
    select
        counts.product_id,
        counts.counted_on,
        sum(counts.on_hand_units) <= 0 as is_stocked_out
    from counts
    inner join as_of
        on
            counts.counted_on > as_of.as_of_date - {{ var('inventory_history_days') }}
            and counts.counted_on <= as_of.as_of_date
    group by counts.product_id, counts.counted_on
),

last_sales as (
    select
        product_id,
        max(demanded_on) as demanded_on
    from demand_days
    group by product_id
),

stock_outs as (
    select
        count_days.product_id,
        count(*) filter (count_days.is_stocked_out) / count(*) as stock_out_rate,
        count(*) filter (
            not count_days.is_stocked_out and count_days.counted_on > last_sales.demanded_on
        )
        / nullif(count(*) filter (count_days.counted_on > last_sales.demanded_on), 0)
            as in_stock_share
    from count_days
    left join last_sales on count_days.product_id = last_sales.product_id
    group by count_days.product_id
)

select * from stock_outs
