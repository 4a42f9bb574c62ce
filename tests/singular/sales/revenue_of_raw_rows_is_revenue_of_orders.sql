-- The marts and the files agree: revenue computed in one step from the rows as they were read,
-- without the rejected and the repeated ones, is that of the orders, to the cent an order. An order
-- without a price on each line earns its total.
with raw_orders as (
    select * from {{ source('raw', 'orders') }}
),

raw_lines as (
    select * from {{ source('raw', 'order_lines') }}
),

rows_left_out as (
    select
        'orders' as input_table,
        row_number
    from {{ ref('stg_orders') }}
    where row_status <> 'kept'
    union all
    select
        'order_lines' as input_table,
        row_number
    from {{ ref('stg_order_lines') }}
    where row_status <> 'kept'
),

line_totals as (
    select
        raw_lines.order_id,
        sum(
            cast(
                try_cast(raw_lines.quantity as decimal(18, 4))
                * try_cast(raw_lines.unit_price as decimal(18, 4))
                as decimal(18, 4)
            )
        ) as amount,
        bool_and(raw_lines.unit_price is not null) as has_prices
    from raw_lines
    left join rows_left_out
        on
            rows_left_out.input_table = 'order_lines'
            and raw_lines.row_number = rows_left_out.row_number
    where rows_left_out.row_number is null
    group by raw_lines.order_id
),

raw_revenue as (
    select
        raw_orders.order_id,
        case lower(coalesce(raw_orders.order_status, 'completed'))
            when 'cancelled' then 0
            when 'returned' then -1
            else 1
        end
        * case
            when line_totals.has_prices then line_totals.amount
            else try_cast(raw_orders.order_total as decimal(18, 4))
        end as revenue
    from raw_orders
    left join line_totals on raw_orders.order_id = line_totals.order_id
    left join rows_left_out
        on
            rows_left_out.input_table = 'orders'
            and raw_orders.row_number = rows_left_out.row_number
    where rows_left_out.row_number is null
),

orders as (
    select * from {{ ref('orders') }}
)

select
    coalesce(raw_revenue.order_id, orders.order_id) as order_id,
    raw_revenue.revenue as raw_revenue,
    orders.revenue
from raw_revenue
full join orders on raw_revenue.order_id = orders.order_id
where
    raw_revenue.order_id is null
    or orders.order_id is null
    or coalesce(raw_revenue.revenue, 0) <> coalesce(orders.revenue, 0)
