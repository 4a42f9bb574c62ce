-- 1. On hand is the newest count of each warehouse, added up, less what was sold since the newest
--    of them. Sales do not take it below 0, since goods may have come in; a count below 0 stays:
--    sold, and not there. A count older than `stock_count_valid_days` is not believed, nor an older
--    one where the newest of its warehouse could not be read: what it would say is not known.
-- 2. A warehouse without a name is one of its own.
-- 3. Order lines name no warehouse, so that there is one row an article and none a warehouse.
-- 4. The stock-out rate is the share of count days on which there was nothing; the in-stock share
--    is that of the count days since the last sale on which there was something to sell.
with counts as (
    select * from {{ kept('stock_levels') }}
),

demand_days as (
    select * from {{ ref('int_demand_days') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

counts_in_history as (
    select
        counts.*,
        counts.counted_on > as_of.as_of_date - {{ var('stock_count_valid_days') }} as is_valid
    from counts
    inner join as_of
        on
            counts.counted_on > as_of.as_of_date - {{ var('inventory_history_days') }}
            and counts.counted_on <= as_of.as_of_date
),

count_days as (
    select
        product_id,
        counted_on,
        sum(on_hand_units) <= 0 as is_stocked_out
    from counts_in_history
    group by product_id, counted_on
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
),

unusable_counts as (
    select
        counts.product_id,
        counts.warehouse,
        max(counts.counted_on) as counted_on
    from {{ ref('stg_stock_levels') }} as counts
    inner join as_of
        on
            counts.counted_on > as_of.as_of_date - {{ var('stock_count_valid_days') }}
            and counts.counted_on <= as_of.as_of_date
    -- of two rows with one key the other one counts
    where counts.row_status = 'rejected' and not list_contains(counts.reasons, 'duplicate_key')
    group by counts.product_id, counts.warehouse
),

newest_usable_counts as (
    select
        product_id,
        warehouse,
        max_by(on_hand_units, counted_on) as on_hand_units,
        max_by(coalesce(on_order_units, 0), counted_on) as on_order_units,
        max(counted_on) as counted_on
    from counts_in_history
    where is_valid
    group by product_id, warehouse
),

newest_counts as (
    select
        coalesce(usable.product_id, unusable.product_id) as product_id,
        usable.on_hand_units,
        usable.on_order_units,
        usable.counted_on,
        coalesce(unusable.counted_on > usable.counted_on, unusable.product_id is not null)
            as is_unusable
    from newest_usable_counts as usable
    full join unusable_counts as unusable
        on
            usable.product_id = unusable.product_id
            and usable.warehouse is not distinct from unusable.warehouse
),

positions as (
    select
        product_id,
        bool_or(is_unusable) as is_count_unusable,
        cast(sum(on_hand_units) as double) as on_hand_units,
        cast(sum(on_order_units) as double) as on_order_units,
        max(counted_on) as counted_on
    from newest_counts
    group by product_id
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
