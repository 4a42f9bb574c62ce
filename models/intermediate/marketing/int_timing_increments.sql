-- Orders in the hours after a touch less those in the hours before one, by channel.
-- 1. An order counts once for a channel, however many touches lie near it (three mails the day
--    before an order are one).
-- 2. What would have come anyway comes as often before a touch as after, unless the touch was shown
--    because somebody was about to buy: then timing takes chance for effect.
-- 3. The error is that of sums over customers, whose orders are not independent. Of fewer than
--    `timing_fewest_orders` orders nothing is said: one order after a thousand touches is no proof
--    that they caused nothing.
with touch_times as (
    select
        customer_id,
        channel,
        touched_at
    from {{ ref('int_touch_orders') }}
),

orders as (
    select * from {{ ref('int_journey_orders') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

near as (
    select
        orders.order_id,
        orders.customer_id,
        touch_times.channel,
        max(
            case
                when touch_times.touched_at <= orders.ordered_at then 1 else 0
            end
        )
        - max(
            case
                when touch_times.touched_at > orders.ordered_at then 1 else 0
            end
        ) as direction,
        max(cast(coalesce(orders.revenue, 0) as double)) as revenue
    from orders
    inner join touch_times on orders.customer_id = touch_times.customer_id
    cross join settings
    where
        abs(date_diff('second', touch_times.touched_at, orders.ordered_at))
        <= settings.timing_window_hours * 3600
    group by orders.order_id, orders.customer_id, touch_times.channel
),

by_customer as (
    select
        channel,
        customer_id,
        sum(direction) as orders,
        sum(direction * revenue) as revenue,
        sum(abs(direction)) as order_count
    from near
    group by channel, customer_id
),

timing_increments as (
    select
        channel,
        cast(sum(orders) as double) as orders,
        sqrt(sum(orders * orders)) as orders_error,
        round(sum(revenue), 6) as revenue,
        sqrt(round(sum(revenue * revenue), 6)) as revenue_error,
        cast(sum(order_count) as bigint) as order_count
    from by_customer
    group by channel
    having sum(order_count) >= (select max(settings.timing_fewest_orders) from settings)
)

select * from timing_increments
