-- 1. A line counts in its product's category, `unknown` without one; an order whose lines are not known
--    counts there with its own revenue, so that categories add up to all.
-- 2. A month with a line of unknown price has no revenue: a part of it would look like a fall.
with order_lines as (
    select * from {{ ref('order_lines') }}
),

orders as (
    select * from {{ ref('orders') }}
),

products as (
    select * from {{ ref('products') }}
),

category_orders as (
    select
        coalesce(products.category, 'unknown') as category,
        cast(date_trunc('month', orders.ordered_on) as date) as month,
        orders.order_id,
        case when order_lines.order_id is null then orders.revenue else order_lines.revenue end
            as revenue,
        orders.is_purchase
    from orders
    left join order_lines on orders.order_id = order_lines.order_id
    left join products on order_lines.product_id = products.product_id
),

category_months as (
    select
        category,
        count(distinct order_id) filter (is_purchase) as order_count,
        case when count(*) = count(revenue) then cast(sum(revenue) as double) end as revenue,
        month
    from category_orders
    group by category, month
)

select * from category_months
