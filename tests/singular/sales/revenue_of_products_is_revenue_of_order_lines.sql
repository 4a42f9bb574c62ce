-- products and order_lines agree: revenue to the cent, units sold less returned.
with product_totals as (
    select
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(units_sold - units_returned), 0) as units
    from {{ ref('products') }}
),

line_totals as (
    select
        coalesce(sum(order_lines.revenue), 0) as revenue,
        coalesce(sum(order_lines.quantity * order_statuses.revenue_sign), 0) as units
    from {{ ref('order_lines') }} as order_lines
    inner join {{ ref('order_statuses') }} as order_statuses
        on order_lines.order_status = order_statuses.order_status
)

select
    product_totals.revenue as product_revenue,
    line_totals.revenue as line_revenue,
    product_totals.units as product_units,
    line_totals.units as line_units
from product_totals
cross join line_totals
where product_totals.revenue <> line_totals.revenue or product_totals.units <> line_totals.units
