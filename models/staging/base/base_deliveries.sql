-- 1. A parcel whose order is not known, or was itself rejected, is `unknown_order`.
-- 2. A parcel that arrived on a day before it was shipped is `delivered_before_shipped`.
-- 3. A promise for more than ten years ahead (9999-12-31) stands for none.
with source as (
    select * from {{ source('raw', 'deliveries') }}
),

known_orders as (
    select order_id as known_order_id
    from {{ ref('stg_orders') }}
),

cast_rows as (
    select
        row_number,
        delivery_id,
        order_id,
        carrier,
        warehouse,
        {{ as_date('promised_on') }} as promised_on,
        {{ as_timestamp('shipped_at') }} as shipped_at,
        {{ as_timestamp('delivered_at') }} as delivered_at,
        {{ reasons([
            faults('delivery_id', required=true),
            faults('order_id', required=true),
            fault('order_id is not null and known_order_id is null', 'unknown_order'),
            faults('promised_on', 'date', required=true, event=true, days_ahead=3653),
            faults('shipped_at', 'timestamp', event=true),
            faults('delivered_at', 'timestamp', event=true),
            fault(
                'cast(' ~ as_timestamp('delivered_at') ~ ' as date) < cast(' ~ as_timestamp('shipped_at') ~ ' as date)',
                'delivered_before_shipped'
            ),
        ]) }} as reasons
    from source
    left join known_orders on source.order_id = known_orders.known_order_id
),

{{ judged(key=['delivery_id'], newest='shipped_at') }}
