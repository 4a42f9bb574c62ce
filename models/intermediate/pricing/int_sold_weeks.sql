-- 1. A week is one of Monday to Sunday; returns and cancelled orders are no sales, and a line of unknown
--    price is in no week.
-- 2. The price is that before the discount of a single order: a voucher is no price of the week. A
--    product of which one unit was sold, with a voucher, would look cheaper in the weeks it sells least.
-- 3. Where prices go by the quantity, a week in which one customer took many is cheap because much
--    was sold. A week tells where two quantities were sold in it: 1 where the largest was more than
--    1 % cheaper per unit than the smallest, -1 where it was dearer (online_retail: 59 % and 5 %).
with order_lines as (
    select * from {{ ref('order_lines') }}
),

orders as (
    select * from {{ ref('orders') }}
),

quantities as (
    select
        order_lines.product_id,
        cast(date_trunc('week', orders.ordered_on) as date) as week,
        order_lines.quantity as line_quantity,
        cast(sum(order_lines.quantity) as double) as units,
        {{ decimal_sum(
            'cast(order_lines.revenue as double) * (1 + '
            ~ 'cast(coalesce(greatest(orders.discount_amount, 0), 0) as double)'
            ~ ' / cast(orders.revenue as double))'
        ) }} as revenue,
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
    group by
        order_lines.product_id,
        cast(date_trunc('week', orders.ordered_on) as date),
        order_lines.quantity
),

weekly_sales as (
    select
        product_id,
        week,
        sum(units) as units,
        {{ decimal_sum('revenue') }} as revenue,
        sum(discounted_units) as discounted_units,
        case
            when count(*) > 1
                then max_by(revenue / units, line_quantity) / min_by(revenue / units, line_quantity)
        end as price_of_most_to_least
    from quantities
    group by product_id, week
),

int_sold_weeks as (
    select
        product_id,
        units,
        revenue / units as price,
        discounted_units / units as promotion_share,
        case
            when price_of_most_to_least < 0.99 then 1
            when price_of_most_to_least > 1.01 then -1
            when price_of_most_to_least is not null then 0
        end as cheaper_by_quantity,
        week
    from weekly_sales
)

select * from int_sold_weeks
