-- 1. A status is read without regard to case; an order without one is completed.
-- 2. A sale and its later return under one id are two orders: the return is named `<id> (return)`.
--    Of a sale of 40 sent back for 40 only the return was left, -40 instead of 0.
with source as (
    select * from {{ source('raw', 'orders') }}
),

cast_rows as (
    select {{ cast_columns('orders') }}
    from source
),

checked_rows as (
    select {{ checked_columns('orders') }}
    from cast_rows
),

{{ judged('orders', apart="checked_rows.order_status is not distinct from 'returned'") }},

sales as (
    select order_id as sold_order_id
    from judged_rows
    where row_status = 'kept' and order_status <> 'returned'
),

named_rows as (
    select
        judged_rows.row_number,
        case
            when sales.sold_order_id is not null then judged_rows.order_id || ' (return)'
            else judged_rows.order_id
        end as order_id,
        judged_rows.customer_id,
        judged_rows.order_status,
        judged_rows.sales_channel,
        judged_rows.currency,
        sales.sold_order_id,
        judged_rows.order_total,
        judged_rows.discount_amount,
        judged_rows.ordered_at,
        judged_rows.reasons,
        judged_rows.row_status
    from judged_rows
    left join sales
        on
            judged_rows.order_id = sales.sold_order_id
            and judged_rows.order_status = 'returned'
            and judged_rows.row_status = 'kept'
)

select * from named_rows
