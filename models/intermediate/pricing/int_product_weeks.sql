-- 1. A week is one of Monday to Sunday that is over; returns and cancelled orders are no sales.
-- 2. A line of unknown price is in no week: neither its units nor its price are known to belong.
with order_lines as (
    select * from {{ ref('order_lines') }}
),

orders as (
    select * from {{ ref('orders') }}
),

products as (
    select * from {{ ref('products') }}
),

settings as (
    select * from {{ ref('int_pricing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

weekly_sales as (
    select
        order_lines.product_id,
        cast(date_trunc('week', orders.ordered_on) as date) as week,
        sum(order_lines.quantity) as units,
        sum(order_lines.revenue) as revenue,
        sum(case when orders.discount_amount > 0 then order_lines.quantity else 0 end)
            as discounted_units
    from order_lines
    inner join orders on order_lines.order_id = orders.order_id
    where orders.is_purchase and order_lines.revenue > 0 and order_lines.quantity > 0
    group by order_lines.product_id, cast(date_trunc('week', orders.ordered_on) as date)
),

int_product_weeks as (
    select
        weekly_sales.product_id,
        coalesce(products.category, 'unknown') as category,
        cast(weekly_sales.units as double) as units,
        cast(weekly_sales.revenue as double) / cast(weekly_sales.units as double) as price,
        cast(weekly_sales.discounted_units as double) / cast(weekly_sales.units as double)
            as promotion_share,
        weekly_sales.week
    from weekly_sales
    cross join settings
    cross join as_of
    left join products on weekly_sales.product_id = products.product_id
    where
        weekly_sales.week + 6 <= as_of.as_of_date
        and weekly_sales.week > as_of.as_of_date - cast(7 * settings.elasticity_weeks as integer)
)

select * from int_product_weeks
