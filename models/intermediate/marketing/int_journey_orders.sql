-- 1. Orders of somebody known that count as a purchase; a guest's or a returned one has no journey.
-- 2. Where no order has a time of day, an order counts at the end of its day, so that the touches
--    of that day lie before it.
with orders as (
    select * from {{ ref('orders') }}
),

times as (
    select
        coalesce(
            bool_and(
                {{ shop_time('ordered_at') }} = date_trunc('day', {{ shop_time('ordered_at') }})
            ),
            false
        ) as are_only_days
    from orders
),

journey_orders as (
    select
        orders.order_id,
        orders.customer_id,
        not times.are_only_days as has_time,
        orders.revenue,
        orders.ordered_on,
        case
            when times.are_only_days then orders.ordered_at + interval 86399 second
            else orders.ordered_at
        end as ordered_at
    from orders
    cross join times
    where orders.is_purchase and orders.customer_id is not null
)

select * from journey_orders
