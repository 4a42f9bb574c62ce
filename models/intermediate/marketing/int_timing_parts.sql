-- The part of each customer in what orders after touches and before them say that a channel caused.
-- 1. What a touch causes fades at an even pace (exponential delays: Chapelle 2014). What only happens
--    to lie before orders (adverts shown to somebody about to buy, contacts in the weeks before a
--    first order) comes evenly. With A, B and C orders gained in a window, its doubling and the
--    doubling of that, A = a + c, B = a x + c and C = a (x2 + x3) + 2 c: the channel caused
--    a + a x + a x2 + ... = (A - B) / (1 - x)2, and x (x + 2) = (2 B - C) / (A - B).
-- 2. The pace x is .5 at most: of what fades more slowly the windows show too little.
-- 3. Days have no halves: where orders have no time of day, those of a day stand.
-- 4. The second term is that of the pace (delta method): it adds up to nothing.
-- 5. Of fewer than `timing_fewest_orders` orders nothing is said: one is no proof of anything.
{% set measures = ['orders', 'revenue'] -%}
{% set ways = {'short': '', 'long': '', 'each_short': 'each_', 'each_long': 'each_'} -%}
with by_customer as (
    select * from {{ ref('int_timing_orders') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

totals as (
    select
        channel,
        {% for scale in ways -%}
        sum(orders_{{ scale }}_fall) as orders_{{ scale }}_fall,
        {{ decimal_sum('revenue_' ~ scale ~ '_fall') }} as revenue_{{ scale }}_fall,
        greatest(
            coalesce(
                sum(orders_{{ scale }}_rest) / nullif(greatest(sum(orders_{{ scale }}_fall), 0), 0),
                0
            ),
            0
        ) as {{ scale }}_ratio,
        {% endfor -%}
        sum(order_count) as order_count
    from by_customer
    group by channel
    having sum(order_count) >= (select max(settings.timing_fewest_orders) from settings)
),

paces as (
    select
        *,
        {% for scale in ways -%}
        least(sqrt(1 + {{ scale }}_ratio) - 1, 0.5) as {{ scale }}_pace
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from totals
),

timing_parts as (
    select
        by_customer.channel,
        by_customer.customer_id,
        {% for measure in measures -%}
        by_customer.{{ measure }}_whole,
        by_customer.{{ measure }}_each_whole,
        {% for scale, way in ways.items() -%}
        round(
            case
                when not by_customer.has_time then by_customer.{{ measure }}_{{ way }}whole
                else
                    by_customer.{{ measure }}_{{ scale }}_fall / pow(1 - {{ scale }}_pace, 2)
                    + case
                        when {{ scale }}_pace > 0 and {{ scale }}_pace < 0.5
                            then
                                paces.{{ measure }}_{{ scale }}_fall / paces.orders_{{ scale }}_fall
                                / (pow(1 - {{ scale }}_pace, 3) * (1 + {{ scale }}_pace))
                        else 0
                    end
                    * (
                        by_customer.orders_{{ scale }}_rest
                        - paces.{{ scale }}_ratio * by_customer.orders_{{ scale }}_fall
                    )
            end,
            9
        ) as {{ measure }}_{{ scale }},
        {% endfor -%}
        {% endfor -%}
        by_customer.order_count
    from by_customer
    inner join paces on by_customer.channel = paces.channel
)

select * from timing_parts
