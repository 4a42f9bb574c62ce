-- The marts and the files agree: revenue computed in one step from the rows as they were read,
-- without those that staging left out, is that of the orders, to the cent per order. An order
-- without an amount on each line, or with a line that was rejected, earns its total; a return under
-- the id of its sale takes back its total, else that of the sale's lines; an order of which a newer
-- state was rejected earns nobody knows what.
with raw_orders as (
    select
        staged.order_id,
        staged.sold_order_id,
        staged.has_rejected_state,
        lower(coalesce(raw_rows.order_status, 'completed')) as order_status,
        try_cast(raw_rows.order_total as decimal(18, 4)) as order_total
    from {{ source('raw', 'orders') }} as raw_rows
    inner join {{ ref('stg_orders') }} as staged on raw_rows.row_number = staged.row_number
    where staged.row_status = 'kept'
),

raw_lines as (
    select
        raw_rows.order_id,
        staged.row_status,
        coalesce(
            try_cast(raw_rows.line_total as decimal(18, 4)),
            -- a rejected line may hold amounts whose product no decimal holds
            case
                when
                    try_cast(raw_rows.quantity as double)
                    * try_cast(raw_rows.unit_price as double) < 1e10
                    then
                        cast(
                            try_cast(raw_rows.quantity as decimal(18, 4))
                            * try_cast(raw_rows.unit_price as decimal(18, 4))
                            as decimal(18, 4)
                        )
            end
        ) as amount
    from {{ source('raw', 'order_lines') }} as raw_rows
    inner join {{ ref('stg_order_lines') }} as staged on raw_rows.row_number = staged.row_number
    where
        staged.row_status = 'kept'
        or (staged.row_status = 'rejected' and staged.reasons[1] <> 'duplicate_key')
    union all
    select
        order_id,
        'rejected' as row_status,
        null as amount
    from {{ source('load', 'unreadable_rows') }}
    where input_table = 'order_lines' and order_id is not null
),

line_totals as (
    select
        order_id,
        sum(amount) as amount,
        bool_and(amount is not null and row_status = 'kept') as is_whole
    from raw_lines
    group by order_id
),

raw_revenue as (
    select
        raw_orders.order_id,
        case
            when raw_orders.has_rejected_state then null
            when raw_orders.order_status = 'cancelled' or sold.order_status = 'cancelled' then 0
            when raw_orders.order_status = 'returned' then -1
            else 1
        end
        * case
            when line_totals.is_whole then line_totals.amount
            when raw_orders.order_total is not null then raw_orders.order_total
            when sale_totals.is_whole then sale_totals.amount
        end as revenue
    from raw_orders
    left join line_totals on raw_orders.order_id = line_totals.order_id
    left join raw_orders as sold on raw_orders.sold_order_id = sold.order_id
    left join line_totals as sale_totals on raw_orders.sold_order_id = sale_totals.order_id
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
