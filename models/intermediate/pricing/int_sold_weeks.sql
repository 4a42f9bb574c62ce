-- 1. A week is one of Monday to Sunday; returns and cancelled orders are no sales, and a line of unknown
--    price is in no week.
-- 2. The price is that before the discount of a single order: a voucher is no price of the week. A
--    product of which one unit was sold, with a voucher, would look cheaper in the weeks it sells least.
with order_lines as (
    select * from {{ ref('order_lines') }}
),

orders as (
    select * from {{ ref('orders') }}
),

weekly_sales as (
    select
        order_lines.product_id,
        cast(date_trunc('week', orders.ordered_on) as date) as week,
        cast(sum(order_lines.quantity) as double) as units,
        sum(
            cast(order_lines.revenue as double)
            * (
                1
                + cast(coalesce(greatest(orders.discount_amount, 0), 0) as double)
                / cast(orders.revenue as double)
            )
        ) as revenue,
        cast(
            sum(case when orders.discount_amount > 0 then order_lines.quantity else 0 end) as double
        ) as discounted_units
    from order_lines
    inner join orders on order_lines.order_id = orders.order_id
    where
        orders.is_purchase
        and orders.revenue > 0
        and order_lines.revenue > 0
        and order_lines.quantity > 0
    group by order_lines.product_id, cast(date_trunc('week', orders.ordered_on) as date)
),

int_sold_weeks as (
    select
        product_id,
        units,
        revenue / units as price,
        discounted_units / units as promotion_share,
        week
    from weekly_sales
)

select * from int_sold_weeks
