-- What orders after touches and before them say that a channel caused.
-- 1. What a touch causes fades at an even pace (exponential delays: Chapelle 2014). What only happens
--    to lie before orders (adverts shown to somebody about to buy, contacts in the weeks before a
--    first order) comes evenly. With A, B and C orders gained in the first half of the window, the
--    second half and the doubling, A = a + c, B = a x + c and C = a (x2 + x3) + 2 c: the channel
--    caused a + a x + a x2 + ... = (A - B) / (1 - x)2, and x (x + 2) = (2 B - C) / (A - B).
-- 2. The pace x is .5 at most: of what fades more slowly the windows show too little.
-- 3. Days have no halves: where orders have no time of day, A + B stands.
-- 4. The error is that of sums over customers, whose orders are not independent, through the formula
--    (delta method): the second term adds up to nothing.
-- 5. Of fewer than `timing_fewest_orders` orders nothing is said: one order after a thousand touches
--    is no proof that they caused nothing.
{% set measures = ['orders', 'revenue'] -%}
with by_customer as (
    select * from {{ ref('int_timing_orders') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

totals as (
    select
        channel,
        sum(orders_fall) as orders_fall,
        sum(revenue_fall) as revenue_fall,
        coalesce(sum(orders_rest) / nullif(greatest(sum(orders_fall), 0), 0), 0) as rest_ratio,
        cast(sum(order_count) as bigint) as order_count
    from by_customer
    group by channel
    having sum(order_count) >= (select max(settings.timing_fewest_orders) from settings)
),

paces as (
    select
        *,
        least(sqrt(1 + greatest(rest_ratio, 0)) - 1, 0.5) as pace
    from totals
),

weights as (
    select
        *,
        1 / pow(1 - pace, 2) as fall_weight,
        case
            when pace > 0 and pace < 0.5
                then 1 / (pow(1 - pace, 3) * (1 + pace) * orders_fall)
            else 0
        end as pace_weight
    from paces
),

parts as (
    select
        by_customer.channel,
        {% for measure in measures -%}
        case
            when by_customer.has_time
                then
                    by_customer.{{ measure }}_fall * weights.fall_weight
                    + weights.{{ measure }}_fall * weights.pace_weight
                    * (by_customer.orders_rest - weights.rest_ratio * by_customer.orders_fall)
            else by_customer.{{ measure }}_whole
        end as {{ measure }},
        {% endfor -%}
        weights.order_count
    from by_customer
    inner join weights on by_customer.channel = weights.channel
),

timing_increments as (
    select
        channel,
        round(sum(orders), 6) as orders,
        sqrt(round(sum(orders * orders), 6)) as orders_error,
        round(sum(revenue), 6) as revenue,
        sqrt(round(sum(revenue * revenue), 6)) as revenue_error,
        order_count
    from parts
    group by channel, order_count
)

select * from timing_increments
