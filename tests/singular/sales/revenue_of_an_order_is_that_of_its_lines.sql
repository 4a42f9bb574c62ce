-- orders and order_lines agree, order by order: revenue, units and number of lines; a line of
-- unknown revenue makes that of its order unknown. Where a line was rejected, the others are not the
-- whole order.
with orders as (
    select * from {{ ref('orders') }}
    where line_count > 0 and rejected_line_count = 0
),

line_totals as (
    select
        order_id,
        count(*) as line_count,
        sum(quantity) as units,
        case when bool_and(revenue is not null) then sum(revenue) end as revenue
    from {{ ref('order_lines') }}
    where order_id not in (
            select rejected_lines.order_id
            from {{ ref('int_rejected_lines') }} as rejected_lines
        )
    group by order_id
)

select
    coalesce(orders.order_id, line_totals.order_id) as order_id,
    orders.revenue as order_revenue,
    line_totals.revenue as line_revenue
from orders
full join line_totals on orders.order_id = line_totals.order_id
where
    orders.line_count is distinct from line_totals.line_count
    or orders.units is distinct from line_totals.units
    or orders.revenue is distinct from line_totals.revenue
