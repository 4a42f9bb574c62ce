-- 1. A delivery whose order is not known, or was itself rejected, is `unknown_order`.
-- 2. A delivery that arrived on a day before it was shipped is `delivered_before_shipped`.
-- 3. A promise for more than ten years ahead (9999-12-31) stands for none.
with source as (
    select * from {{ source('raw', 'deliveries') }}
),

known_orders as (
    select
        coalesce(sold_order_id, order_id) as known_order_id,
        max(row_status) as order_row_status
    from {{ ref('stg_orders') }}
    where row_status in ('kept', 'after_as_of')
    group by coalesce(sold_order_id, order_id)
),

cast_rows as (
    select
        {{ cast_columns('deliveries') }},
        order_row_status
    from source
    left join known_orders on source.order_id = known_orders.known_order_id
),

checked_rows as (
    select {{ checked_columns('deliveries', "order_row_status = 'after_as_of'", {
        'order_id': [fault('order_id is not null and order_row_status is null', 'unknown_order')],
        'delivered_at': [fault(
            shop_day('delivered_at') ~ ' < ' ~ shop_day('shipped_at'), 'delivered_before_shipped'
        )],
    }) }}
    from cast_rows
),

{{ judged('deliveries', outdated_stay=true) }}

select * from judged_rows
