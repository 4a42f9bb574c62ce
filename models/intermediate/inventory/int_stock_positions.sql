-- 1. On hand is what was counted (int_stock_counts) less what was sold since the newest count. Sales do
--    not take it below 0, since goods may have come in; a count below 0 stays: sold, and not there.
-- 2. Order lines name no warehouse, so that there is one row per product and none per warehouse.
with positions as (
    select * from {{ ref('int_stock_counts') }}
),

stock_outs as (
    select * from {{ ref('int_stock_outs') }}
),

demand_days as (
    select * from {{ ref('int_demand_days') }}
),

counted as (
    select * from positions
    where not is_count_unusable
),

sold_since as (
    select
        demand_days.product_id,
        sum(cast(demand_days.units as decimal(18, 4))) as units
    from demand_days
    inner join counted
        on
            demand_days.product_id = counted.product_id
            and demand_days.demanded_on > counted.counted_on
    group by demand_days.product_id
),

stock_positions as (
    select
        coalesce(stock_outs.product_id, positions.product_id) as product_id,
        coalesce(positions.is_count_unusable, false) as is_count_unusable,
        case
            when counted.on_hand_units < 0 then counted.on_hand_units
            when counted.product_id is not null
                then
                    greatest(
                        counted.on_hand_units - coalesce(cast(sold_since.units as double), 0), 0
                    )
        end as on_hand_units,
        counted.on_order_units,
        stock_outs.stock_out_rate,
        stock_outs.in_stock_share,
        counted.counted_on
    from stock_outs
    full join positions on stock_outs.product_id = positions.product_id
    left join counted on positions.product_id = counted.product_id
    left join sold_since on positions.product_id = sold_since.product_id
    where coalesce(stock_outs.product_id, positions.product_id) is not null
)

select * from stock_positions
