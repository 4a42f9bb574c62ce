-- 1. A journey without order whose window has not ended on the as-of date is open: it is neither won
--    nor lost, and in no rate.
-- 2. What an order of unknown revenue brought is unknown, not 0.
with touchpoints as (
    select * from {{ ref('touchpoints') }}
),

orders as (
    select * from {{ ref('int_journey_orders') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

gathered as (
    select
        journey_id,
        min(customer_id) as customer_id,
        min(order_id) as order_id,
        string_agg(channel, ' > ' order by position) as path,
        max(channel) filter (position = 1) as first_channel,
        max_by(channel, position) as last_channel,
        bool_or(is_guest) as is_guest,
        count(*) as touch_count,
        count(distinct channel) as channel_count,
        min(touched_at) as first_touched_at,
        max(touched_at) as last_touched_at
    from touchpoints
    group by journey_id
),

journeys as (
    select
        gathered.journey_id,
        gathered.customer_id,
        gathered.order_id,
        gathered.path,
        gathered.first_channel,
        gathered.last_channel,
        gathered.order_id is not null as is_converted,
        gathered.order_id is null
        and date_diff(
            'second', gathered.last_touched_at, cast(as_of.as_of_date + 1 as timestamp)
        ) < settings.journey_window_days * 86400 as is_open,
        gathered.is_guest,
        gathered.touch_count,
        gathered.channel_count,
        orders.revenue,
        date_diff(
            'second',
            gathered.first_touched_at,
            coalesce(orders.ordered_at, gathered.last_touched_at)
        ) / 86400.0 as length_days,
        gathered.first_touched_at,
        gathered.last_touched_at,
        orders.ordered_at
    from gathered
    left join orders on gathered.order_id = orders.order_id
    cross join settings
    cross join as_of
)

select
    journey_id,
    customer_id,
    order_id,
    path,
    first_channel,
    last_channel,
    is_converted,
    is_open,
    is_guest,
    touch_count,
    channel_count,
    revenue,
    cast(length_days as double) as length_days,
    first_touched_at,
    last_touched_at,
    ordered_at
from journeys
