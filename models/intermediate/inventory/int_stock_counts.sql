-- 1. The newest count of each warehouse is summed; a warehouse without a name is one of its own.
-- 2. A count older than `stock_count_valid_days` is not believed, nor an older one where the newest
--    of its warehouse could not be read: what it would say is not known. One whose day could not be
--    read, or is yet to come, is the newest where it stands after it in the file; so is another row of
--    the same day.
with counts as (
    select * from {{ kept('stock_levels') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

unusable_counts as (
    select
        counts.product_id,
        counts.warehouse,
        max(counts.counted_on) filter (counts.counted_on <= as_of.as_of_date) as counted_on,
        max(counts.row_number) filter (
            counts.counted_on is null or counts.counted_on > as_of.as_of_date
        ) as last_row_without_day
    from {{ ref('stg_stock_levels') }} as counts
    inner join as_of
        on
            counts.counted_on is null
            or counts.counted_on > as_of.as_of_date - {{ var('stock_count_valid_days') }}
    -- of two rows with one key the other one counts
    where counts.row_status = 'rejected' and not list_contains(counts.reasons, 'duplicate_key')
    group by counts.product_id, counts.warehouse
),

newest_usable_counts as (
    select
        counts.product_id,
        counts.warehouse,
        max_by(counts.on_hand_units, counts.counted_on) as on_hand_units,
        max_by(coalesce(counts.on_order_units, 0), counts.counted_on) as on_order_units,
        max_by(counts.row_number, counts.counted_on) as row_number,
        max_by(coalesce(counts.has_rejected_state, false), counts.counted_on) as is_outdated,
        max(counts.counted_on) as counted_on
    from counts
    inner join as_of
        on
            counts.counted_on > as_of.as_of_date - {{ var('stock_count_valid_days') }}
            and counts.counted_on <= as_of.as_of_date
    group by counts.product_id, counts.warehouse
),

newest_counts as (
    select
        coalesce(usable.product_id, unusable.product_id) as product_id,
        usable.on_hand_units,
        usable.on_order_units,
        usable.counted_on,
        usable.product_id is null
        or usable.is_outdated
        or coalesce(unusable.counted_on > usable.counted_on, false)
        or coalesce(unusable.last_row_without_day > usable.row_number, false) as is_unusable
    from newest_usable_counts as usable
    full join unusable_counts as unusable
        on
            usable.product_id = unusable.product_id
            and usable.warehouse is not distinct from unusable.warehouse
),

stock_counts as (
    select
        product_id,
        bool_or(is_unusable) as is_count_unusable,
        cast(sum(on_hand_units) as double) as on_hand_units,
        cast(sum(on_order_units) as double) as on_order_units,
        max(counted_on) as counted_on
    from newest_counts
    group by product_id
)

select * from stock_counts
