-- A status is read without regard to case; an order without one is completed.
with source as (
    select * from {{ source('raw', 'orders') }}
),

cast_rows as (
    select
        row_number,
        order_id,
        customer_id,
        coalesce(lower(order_status), 'completed') as order_status,
        sales_channel,
        {{ as_decimal('order_total') }} as order_total,
        {{ as_decimal('discount_amount') }} as discount_amount,
        {{ as_timestamp('ordered_at') }} as ordered_at,
        {{ reasons([
            faults('order_id', required=true),
            faults('ordered_at', 'timestamp', required=true, event=true),
            faults('order_status', choices=['placed', 'completed', 'cancelled', 'returned']),
            faults('order_total', 'decimal', minimum=0),
            faults('discount_amount', 'decimal', minimum=0),
        ]) }} as reasons
    from source
),

{{ judged(key=['order_id'], newest='ordered_at') }}
