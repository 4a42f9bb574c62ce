-- Orders (and their revenue) in the hours after a touch less those in the hours before one, by channel
-- and customer, in four windows: half of `timing_window_hours`, the whole, its double and fourfold.
-- 1. An order counts once for a channel and window, however many touches lie near it (three mails
--    the day before an order are one).
-- 2. Of three windows that double, `fall` is the first less what the second adds, `rest` twice that
--    less what the third adds: from the half on (`short`), and from the whole on (`long`).
-- 3. `each` counts every touch near the order instead. Of several adverts shown before an order the
--    nearest looks as if it faded, for it stands in for the others; all of them come evenly.
{% set windows = {'half': 0.5, 'whole': 1, 'double': 2, 'fourfold': 4} -%}
{% set scales = {'short': ['half', 'whole', 'double'], 'long': ['whole', 'double', 'fourfold']} -%}
{% set counted = {'': 'gained', 'each_': 'each_gained'} -%}
{% set measures = ['orders', 'revenue'] -%}
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

pairs as (
    select
        orders.order_id,
        orders.customer_id,
        touch_times.channel,
        orders.has_time,
        coalesce(orders.revenue, 0) as revenue,
        date_diff('second', touch_times.touched_at, orders.ordered_at)
        / (settings.timing_window_hours * 3600) as windows
    from orders
    inner join touch_times on orders.customer_id = touch_times.customer_id
    cross join settings
    where
        abs(date_diff('second', touch_times.touched_at, orders.ordered_at))
        <= 4 * settings.timing_window_hours * 3600
),

near as (
    select
        order_id,
        customer_id,
        channel,
        has_time,
        {% for name, length in windows.items() -%}
        max(case when windows between 0 and {{ length }} then 1 else 0 end)
        - max(case when windows < 0 and windows >= -{{ length }} then 1 else 0 end)
            as gained_{{ name }},
        cast(sum(if(abs(windows) > {{ length }}, 0, if(windows >= 0, 1, -1))) as integer)
            as each_gained_{{ name }},
        {% endfor -%}
        revenue
    from pairs
    group by order_id, customer_id, channel, has_time, revenue
),

by_customer as (
    select
        channel,
        customer_id,
        bool_and(has_time) as has_time,
        {% for measure in measures -%}
        {% set worth = '' if measure == 'orders' else ' * revenue' -%}
        {% set type = 'hugeint' if measure == 'orders' else 'double' -%}
        {% for way, gained in counted.items() -%}
        cast(sum({{ gained }}_whole{{ worth }}) as {{ type }})
            as {{ measure }}_{{ way }}whole,
        {% for scale, (first, second, third) in scales.items() -%}
        cast(
            sum((2 * {{ gained }}_{{ first }} - {{ gained }}_{{ second }}){{ worth }}) as {{ type }}
        ) as {{ measure }}_{{ way }}{{ scale }}_fall,
        cast(
            sum(
                (3 * {{ gained }}_{{ second }} - 2 * {{ gained }}_{{ first }})
                {{- worth }} - {{ gained }}_{{ third }}{{ worth }}
            ) as {{ type }}
        ) as {{ measure }}_{{ way }}{{ scale }}_rest,
        {% endfor -%}
        {% endfor -%}
        {% endfor -%}
        sum(abs(gained_whole)) as order_count
    from near
    group by channel, customer_id
)

select * from by_customer
