-- 1. An amount is the line's total, else quantity x unit price; where a line of the order has neither,
--    a share of the order's total. Exports round unit prices: 656 lines were off by up to 1.30.
-- 2. Revenue is the amount when placed or completed, 0 when cancelled, against when returned; where a
--    newer state of the order was rejected nobody knows which.
-- 3. A line without a number gets the next one of its order; a cost of ten billion is an entry error.
with lines as (
    select * from {{ kept('order_lines') }}
),

orders as (
    select * from {{ kept('orders') }}
),

products as (
    select * from {{ kept('products') }}
),

shared_totals as (
    select * from {{ ref('int_order_totals_shared') }}
),

unnumbered_orders as (
    select distinct order_id
    from lines
    where line_number is null
),

numbers_given as (
    select
        row_number,
        coalesce(max(line_number) over (partition by order_id), 0)
        + row_number() over (
            partition by order_id, line_number is null
            order by row_number
        ) as number_given
    from lines
    inner join unnumbered_orders using (order_id)
    qualify line_number is null
),

valued_lines as (
    select
        lines.order_id,
        lines.product_id,
        orders.customer_id,
        orders.order_status,
        case
            when shared_totals.amount is not null then 'order_total'
            when lines.line_total is not null then 'line_total'
            when lines.unit_price is not null then 'unit_price'
            else 'unknown'
        end as price_source,
        coalesce(lines.line_number, numbers_given.number_given) as line_number,
        lines.quantity,
        lines.unit_price,
        case
            when coalesce(orders.has_rejected_state, false) then null
            when signs.revenue_sign = 0 then 0
            else
                signs.revenue_sign
                * coalesce(
                    shared_totals.amount, lines.line_total,
                    cast(lines.quantity * lines.unit_price as decimal(18, 4))
                )
        end as revenue,
        case
            when coalesce(orders.has_rejected_state, false) then null
            when signs.revenue_sign = 0 then 0
            when cast(lines.quantity as double) * products.unit_cost < 1e10
                then
                    signs.revenue_sign
                    * cast(lines.quantity * products.unit_cost as decimal(18, 4))
        end as cost,
        {{ shop_day('orders.ordered_at') }} as ordered_on
    from lines
    inner join orders on lines.order_id = orders.order_id
    inner join {{ ref('order_statuses') }} as signs on orders.order_status = signs.order_status
    left join products on lines.product_id = products.product_id
    left join shared_totals on lines.row_number = shared_totals.row_number
    left join numbers_given on lines.row_number = numbers_given.row_number
),

order_lines as (
    select
        order_id,
        product_id,
        customer_id,
        order_status,
        price_source,
        line_number,
        quantity,
        unit_price,
        cast(revenue as decimal(18, 4)) as revenue,
        cast(cost as decimal(18, 4)) as cost,
        cast(revenue - cost as decimal(18, 4)) as margin,
        ordered_on
    from valued_lines
)

select * from order_lines
