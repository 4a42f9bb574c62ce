with base as (
    select * from {{ ref('base_orders') }}
),

kept_rows as (
    select
        order_id,
        customer_id,
        order_status,
        sales_channel,
        order_total,
        discount_amount,
        ordered_at,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
