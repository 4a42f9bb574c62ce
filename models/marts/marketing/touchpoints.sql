-- 1. The journey of an order are the touches since the customer's order before, at most the window
--    before it (window 30 days, orders on day 10 and day 20: a touch on day 12 belongs to the
--    second).
-- 2. Other touches are a journey without order; a gap longer than the window begins a new one.
-- 3. A touch by somebody who is not among the customers counts, and is marked as a guest's.
with touch_orders as (
    select * from {{ ref('int_touch_orders') }}
),

staged as (
    select * from {{ kept('touchpoints') }}
),

customers as (
    select * from {{ ref('customers') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

gaps as (
    select
        *,
        lag(touched_at) over (
            partition by customer_id, earlier_order_count, is_before_order
            order by touched_at, touchpoint_id
        ) as touched_before_at
    from touch_orders
),

begun as (
    select
        gaps.*,
        case
            when gaps.touched_before_at is null then 1
            when gaps.is_before_order then 0
            when
                date_diff('second', gaps.touched_before_at, gaps.touched_at)
                > settings.journey_window_days * 86400
                then 1
            else 0
        end as is_first
    from gaps
    cross join settings
),

numbered as (
    select
        *,
        sum(is_first) over (
            partition by customer_id, earlier_order_count, is_before_order
            order by touched_at, touchpoint_id
            rows unbounded preceding
        ) as journey_number
    from begun
),

placed as (
    select
        *,
        first_value(touchpoint_id) over journey as journey_id,
        row_number() over journey as position
    from numbered
    window journey as (
        partition by customer_id, earlier_order_count, is_before_order, journey_number
        order by touched_at, touchpoint_id
    )
),

touchpoints as (
    select
        placed.touchpoint_id,
        placed.customer_id,
        placed.journey_id,
        placed.channel,
        staged.campaign,
        staged.touch_type,
        staged.device,
        staged.region,
        case when placed.is_before_order then placed.next_order_id end as order_id,
        customers.customer_id is null as is_guest,
        placed.earlier_order_count > 0 and placed.next_order_id is null as is_after_order,
        placed.position,
        case
            when placed.is_before_order
                then
                    cast(
                        date_diff('second', placed.touched_at, placed.next_ordered_at) / 3600.0
                        as double
                    )
        end as hours_to_order,
        placed.touched_at
    from placed
    inner join staged on placed.touchpoint_id = staged.touchpoint_id
    left join customers on placed.customer_id = customers.customer_id
)

select * from touchpoints
