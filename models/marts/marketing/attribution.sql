-- Markov credit: src/retail_analytics/marketing/attribution.py; all other rules: int_journey_credits.
-- 1. Every method hands out the orders of journeys, by channel; what has no journey (guests, orders
--    without a touch, returns) is `unattributed`. So each method adds up to all orders and revenue.
-- 2. Markov needs journeys that were lost: without any it hands out nothing, and says so.
{%- set rules = ['first', 'last', 'linear', 'position', 'time_decay', 'shapley'] %}
with credits as (
    select * from {{ ref('int_journey_credits') }}
),

markov as (
    select * from {{ ref('markov_credits') }}
),

month_orders as (
    select * from {{ ref('int_attribution_orders') }}
),

methods as (
    select * from {{ ref('attribution_methods') }}
),

handed_out as (
    {% for rule in rules -%}
    select
        month,
        channel,
        '{{ rule }}' as method,
        'ok' as status,
        {{ rule }}_orders as orders,
        {{ rule }}_revenue as revenue
    from credits
    union all
    {% endfor -%}
    select
        month,
        channel,
        'markov' as method,
        status,
        orders,
        revenue
    from markov
    where coalesce(orders, 1) > 0 or coalesce(revenue, 1) > 0
),

rest as (
    select
        month_orders.month,
        'unattributed' as channel,
        methods.method,
        'ok' as status,
        cast(month_orders.order_count - month_orders.journey_order_count as double) as orders,
        month_orders.revenue - month_orders.journey_revenue as revenue
    from month_orders
    cross join methods
),

everything as (
    select * from handed_out
    union all
    select * from rest
),

attribution as (
    select
        everything.month,
        everything.channel,
        everything.method,
        everything.status,
        everything.orders,
        everything.revenue,
        case
            when month_orders.revenue > 0 then everything.revenue / month_orders.revenue
        end as share
    from everything
    inner join month_orders on everything.month = month_orders.month
)

select
    month,
    channel,
    method,
    status,
    orders,
    revenue,
    cast(share as double) as share
from attribution
