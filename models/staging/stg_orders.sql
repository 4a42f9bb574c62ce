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

-- Joined by equal columns alone: with a condition on the order's status beside them, DuckDB
-- compares every order with every sale.
sales_sent_back as (
    select
        returns.row_number,
        returns.order_id
    from judged_rows as returns
    inner join judged_rows as sales on returns.order_id = sales.order_id
    where
        returns.row_status = 'kept'
        and returns.order_status = 'returned'
        and sales.row_status = 'kept'
        and sales.order_status <> 'returned'
),

named_rows as (
    select
        judged_rows.row_number,
        case
            when sales_sent_back.order_id is not null then judged_rows.order_id || ' (return)'
            else judged_rows.order_id
        end as order_id,
        judged_rows.customer_id,
        judged_rows.order_status,
        judged_rows.sales_channel,
        judged_rows.currency,
        sales_sent_back.order_id as sold_order_id,
        judged_rows.order_total,
        judged_rows.discount_amount,
        judged_rows.ordered_at,
        judged_rows.reasons,
        judged_rows.row_status
    from judged_rows
    left join sales_sent_back on judged_rows.row_number = sales_sent_back.row_number
)

select * from named_rows
