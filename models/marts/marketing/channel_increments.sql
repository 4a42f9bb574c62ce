-- What a channel caused: orders that would not have come without it. It adds up to nothing.
-- 1. The best evidence decides: an experiment, else spend where it shows an effect, else timing.
-- 2. Where experiment or spend show an effect and timing agrees (their difference lies within its
--    own 95 % error), both are averaged by precision: timing is precise, the other is unbiased.
-- 3. An experiment that shows no effect is not overruled by timing (retargeting); where it cannot
--    tell nothing from what timing says either, the effect is unproven.
with channels as (
    select * from {{ ref('int_channels') }}
),

evidence as (
    select * from {{ ref('int_channel_evidence') }}
),

best as (
    select *
    from evidence
    where evidence <> 'spend' or is_found
    qualify row_number() over (partition by channel order by evidence_order) = 1
),

timing as (
    select * from evidence
    where evidence = 'timing'
),

joined as (
    select
        channels.channel,
        best.evidence,
        best.caution,
        coalesce(
            best.evidence <> 'timing'
            and best.is_found
            and timing.orders_error > 0
            and abs(best.orders - timing.orders)
            <= 1.96 * sqrt(pow(best.orders_error, 2) + pow(timing.orders_error, 2)),
            false
        ) as is_averaged,
        coalesce(
            best.evidence = 'experiment'
            and not best.is_found
            and best.orders + {{ interval_z() }} * best.orders_error >= timing.orders,
            false
        ) as is_unproven,
        {% for measure in ['orders', 'revenue'] %}
        best.{{ measure }},
        best.{{ measure }}_error,
        timing.{{ measure }} as timing_{{ measure }},
        timing.{{ measure }}_error as timing_{{ measure }}_error,
        1 / nullif(pow(best.{{ measure }}_error, 2), 0) as {{ measure }}_weight,
        1 / nullif(pow(timing.{{ measure }}_error, 2), 0) as timing_{{ measure }}_weight
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from channels
    left join best on channels.channel = best.channel
    left join timing on channels.channel = timing.channel
),

averaged as (
    select
        channel,
        evidence,
        is_averaged,
        is_unproven,
        caution,
        case
            when is_averaged
                then
                    (orders * orders_weight + timing_orders * timing_orders_weight)
                    / (orders_weight + timing_orders_weight)
            else orders
        end as orders,
        case
            when is_averaged then 1 / sqrt(orders_weight + timing_orders_weight)
            else orders_error
        end as orders_error,
        case
            when is_averaged
                then
                    (revenue * revenue_weight + timing_revenue * timing_revenue_weight)
                    / (revenue_weight + timing_revenue_weight)
            else revenue
        end as revenue,
        case
            when is_averaged then 1 / sqrt(revenue_weight + timing_revenue_weight)
            else revenue_error
        end as revenue_error,
        timing_orders
    from joined
),

channel_increments as (
    select
        channel,
        evidence,
        case
            when evidence is null then 'insufficient_data'
            when is_unproven then 'unproven'
            when orders - {{ interval_z() }} * orders_error > 0 then 'ok'
            else 'no_evidence'
        end as status,
        caution,
        is_averaged as is_averaged_with_timing,
        orders as caused_orders,
        orders - {{ interval_z() }} * orders_error as caused_orders_lower,
        orders + {{ interval_z() }} * orders_error as caused_orders_upper,
        revenue as caused_revenue,
        revenue - {{ interval_z() }} * revenue_error as caused_revenue_lower,
        revenue + {{ interval_z() }} * revenue_error as caused_revenue_upper,
        timing_orders as timing_caused_orders
    from averaged
)

select
    channel,
    evidence,
    status,
    caution,
    is_averaged_with_timing,
    {% for column in ['caused_orders', 'caused_revenue'] -%}
    {% for end in ['', '_lower', '_upper'] -%}
    -- rounded, for sums over customers come in any order
    cast(round({{ column }}{{ end }}, 6) as double) as {{ column }}{{ end }},
    {% endfor -%}
    {% endfor -%}
    cast(round(timing_caused_orders, 6) as double) as timing_caused_orders
from channel_increments
