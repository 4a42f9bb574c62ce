-- What orders after touches and before them say that a channel caused.
-- 1. Windows half as long, and counting each touch instead of each order, give the same where touches
--    are single and effects fade evenly. How far the farthest of them lies from the answer, beyond
--    its own error, is added to the error: delays are of another kind, or several touches before an
--    order only look as if they faded (daily adverts to whoever is about to buy).
-- 2. Of each touch counted, the part that fades is taken from the orders gained: three mails before
--    an order caused one order at most.
-- 3. The error is that of sums over customers, whose orders are not independent.
{% set measures = ['orders', 'revenue'] -%}
{% set each = ['each_short', 'each_long'] -%}
with parts as (
    select * from {{ ref('int_timing_parts') }}
),

wholes as (
    select
        channel,
        {% for measure in measures -%}
        {{ decimal_sum(measure ~ '_each_whole') }} as {{ measure }}_each_whole,
        {% for scale in each -%}
        {{ decimal_sum(measure ~ '_' ~ scale) }} as {{ measure }}_{{ scale }},
        {% endfor -%}
        {{ decimal_sum(measure ~ '_whole') }} as {{ measure }}_whole
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from parts
    group by channel
),

shares as (
    select
        {% for measure in measures -%}
        case
            when {{ measure }}_whole > 0 and {{ measure }}_each_whole > 0
                then least({{ measure }}_whole / {{ measure }}_each_whole, 1)
            else 1
        end as {{ measure }}_share,
        {% endfor -%}
        wholes.*
    from wholes
),

gaps as (
    select
        parts.channel,
        parts.order_count,
        {% for measure in measures -%}
        parts.{{ measure }}_long,
        {% for scale in each -%}
        parts.{{ measure }}_long
        - {{ measure }}_share * parts.{{ measure }}_{{ scale }}
        - case
            when {{ measure }}_share < 1
                then
                    shares.{{ measure }}_{{ scale }} / shares.{{ measure }}_each_whole
                    * (
                        parts.{{ measure }}_whole
                        - {{ measure }}_share * parts.{{ measure }}_each_whole
                    )
            else 0
        end as {{ measure }}_{{ scale }}_gap,
        {% endfor -%}
        parts.{{ measure }}_long - parts.{{ measure }}_short as {{ measure }}_short_gap
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from parts
    inner join shares on parts.channel = shares.channel
),

timing_increments as (
    select
        channel,
        {% for measure in measures -%}
        {% set long = measure ~ '_long' -%}
        round({{ decimal_sum(long) }}, 6) as {{ measure }},
        sqrt(
            {{ decimal_sum('pow(' ~ long ~ ', 2)', digits=6) }}
            + greatest(
                {% for scale in ['short'] + each -%}
                {% set gap = measure ~ '_' ~ scale ~ '_gap' -%}
                pow({{ decimal_sum(gap) }}, 2)
                - {{ decimal_sum('pow(' ~ gap ~ ', 2)', digits=6) }},
                {% endfor -%}
                0
            )
        ) as {{ measure }}_error,
        {% endfor -%}
        cast(sum(order_count) as bigint) as order_count
    from gaps
    group by channel
)

select * from timing_increments
