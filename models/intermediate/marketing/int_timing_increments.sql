-- What orders after touches and before them say that a channel caused.
-- 1. What a touch causes fades at an even pace (exponential delays: Chapelle 2014). What only happens
--    to lie before orders (adverts shown to somebody about to buy, contacts in the weeks before a
--    first order) comes evenly. With A, B and C orders gained in a window, its doubling and the
--    doubling of that, A = a + c, B = a x + c and C = a (x2 + x3) + 2 c: the channel caused
--    a + a x + a x2 + ... = (A - B) / (1 - x)2, and x (x + 2) = (2 B - C) / (A - B).
-- 2. The pace x is .5 at most: of what fades more slowly the windows show too little.
-- 3. Days have no halves: where orders have no time of day, those of a day stand.
-- 4. The error is that of sums over customers, whose orders are not independent, through the formula
--    (delta method): the second term adds up to nothing.
-- 5. From windows half as long the same formula gives the same where effects fade evenly. How far
--    the two lie apart beyond their own error is added to it: delays are of another kind.
-- 6. Of fewer than `timing_fewest_orders` orders nothing is said: one is no proof of anything.
{% set measures = ['orders', 'revenue'] -%}
{% set scales = ['short', 'long'] -%}
with by_customer as (
    select * from {{ ref('int_timing_orders') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

totals as (
    select
        channel,
        {% for scale in scales -%}
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
        cast(sum(order_count) as bigint) as order_count
    from by_customer
    group by channel
    having sum(order_count) >= (select max(settings.timing_fewest_orders) from settings)
),

paces as (
    select
        *,
        {% for scale in scales -%}
        least(sqrt(1 + {{ scale }}_ratio) - 1, 0.5) as {{ scale }}_pace
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from totals
),

parts as (
    select
        by_customer.channel,
        {% for measure in measures -%}
        {% for scale in scales -%}
        case
            when not by_customer.has_time then by_customer.{{ measure }}_whole
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
        end as {{ scale }}_{{ measure }},
        {% endfor -%}
        {% endfor -%}
        paces.order_count
    from by_customer
    inner join paces on by_customer.channel = paces.channel
),

timing_increments as (
    select
        channel,
        {% for measure in measures -%}
        {% set long = 'long_' ~ measure -%}
        {% set gap = '(long_' ~ measure ~ ' - short_' ~ measure ~ ')' -%}
        round({{ decimal_sum(long) }}, 6) as {{ measure }},
        sqrt(
            {{ decimal_sum('pow(' ~ long ~ ', 2)', digits=6) }}
            + greatest(
                pow({{ decimal_sum(gap) }}, 2)
                - {{ decimal_sum('pow(' ~ gap ~ ', 2)', digits=6) }},
                0
            )
        ) as {{ measure }}_error,
        {% endfor -%}
        order_count
    from parts
    group by channel, order_count
)

select * from timing_increments
