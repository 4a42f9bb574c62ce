-- Every touch with the order that comes next, and how many came before.
-- A touch in the second of an order lies before it, and of two orders in one second before the first.
-- Who unsubscribes is not being touched.
with touchpoints as (
    select * from {{ kept('touchpoints') }}
    where touch_type is null or touch_type <> 'unsubscribe'
),

channels as (
    select * from {{ ref('int_channels') }}
),

orders as (
    select * from {{ ref('int_journey_orders') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

events as (
    select
        touchpoint_id,
        customer_id,
        cast(null as varchar) as order_id,
        cast(null as timestamp) as ordered_at,
        0 as is_order,
        touchpoint_id as event_id,
        touched_at as happened_at
    from touchpoints
    union all
    select
        cast(null as varchar) as touchpoint_id,
        customer_id,
        order_id,
        ordered_at,
        1 as is_order,
        order_id as event_id,
        ordered_at as happened_at
    from orders
),

placed as (
    select
        touchpoint_id,
        first_value(order_id ignore nulls) over following as next_order_id,
        first_value(ordered_at ignore nulls) over following as next_ordered_at,
        sum(is_order) over (
            partition by customer_id
            order by happened_at, is_order, event_id
            rows unbounded preceding
        ) as earlier_order_count
    from events
    window following as (
        partition by customer_id
        order by happened_at, is_order, event_id
        rows between current row and unbounded following
    )
),

touch_orders as (
    select
        touchpoints.touchpoint_id,
        touchpoints.customer_id,
        channels.channel,
        placed.next_order_id,
        coalesce(
            date_diff('second', touchpoints.touched_at, placed.next_ordered_at)
            <= settings.journey_window_days * 86400,
            false
        ) as is_before_order,
        cast(placed.earlier_order_count as bigint) as earlier_order_count,
        touchpoints.touched_at,
        placed.next_ordered_at
    from touchpoints
    inner join channels on lower(trim(touchpoints.channel)) = channels.channel_key
    inner join placed on touchpoints.touchpoint_id = placed.touchpoint_id
    cross join settings
)

select * from touch_orders
