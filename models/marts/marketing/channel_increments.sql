-- What a channel caused: orders that would not have come without it. It adds up to nothing.
-- 1. The best evidence decides: an experiment, else spend where it shows an effect, else timing
--    (int_experiment_increments, int_spend_increments, int_timing_increments).
-- 2. Where experiment or spend show an effect and timing agrees (their difference lies within its
--    own 95 % error), both are averaged by precision: timing is precise, the other is unbiased.
-- 3. An experiment without an effect is not overruled by timing; where timing shows one that the
--    experiment cannot rule out, the effect is unproven.
{% set measures = ['orders', 'revenue'] -%}
with evidence as (
    select * from {{ ref('int_channel_evidence') }}
),

best as (
    select * from evidence
    where evidence <> 'spend' or is_found
    qualify row_number() over (partition by channel order by evidence_order) = 1
),

joined as (
    select
        channels.channel,
        best.evidence,
        coalesce(
            best.evidence <> 'timing' and best.is_found and timing.orders_error > 0
            and abs(best.orders - timing.orders)
            <= 1.96 * sqrt(pow(best.orders_error, 2) + pow(timing.orders_error, 2)),
            false
        ) as is_averaged,
        coalesce(
            best.evidence = 'experiment'
            and not best.is_found
            and timing.is_found
            and best.orders + {{ interval_z() }} * best.orders_error >= timing.orders,
            false
        ) as is_unproven,
        {% for measure in measures -%}
        best.{{ measure }},
        best.{{ measure }}_error,
        1 / nullif(pow(best.{{ measure }}_error, 2), 0) as {{ measure }}_weight,
        1 / nullif(pow(timing.{{ measure }}_error, 2), 0) as timing_{{ measure }}_weight,
        timing.{{ measure }} as timing_{{ measure }},
        {% endfor -%}
        best.caution
    from {{ ref('int_channels') }} as channels
    left join best on channels.channel = best.channel
    left join evidence as timing
        on channels.channel = timing.channel and timing.evidence = 'timing'
),

averaged as (
    select
        channel,
        evidence,
        is_averaged,
        is_unproven,
        caution,
        {% for measure in measures -%}
        case
            when is_averaged
                then
                    (
                        {{ measure }} * {{ measure }}_weight
                        + timing_{{ measure }} * timing_{{ measure }}_weight
                    )
                    / ({{ measure }}_weight + timing_{{ measure }}_weight)
            else {{ measure }}
        end as {{ measure }},
        case
            when is_averaged then 1 / sqrt({{ measure }}_weight + timing_{{ measure }}_weight)
            else {{ measure }}_error
        end as {{ measure }}_error,
        {% endfor -%}
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
        -- rounded, for sums over customers come in any order
        {% for measure in measures -%}
        cast(round({{ measure }}, 6) as double) as caused_{{ measure }},
        cast(round({{ measure }} - {{ interval_z() }} * {{ measure }}_error, 6) as double)
            as caused_{{ measure }}_lower,
        cast(round({{ measure }} + {{ interval_z() }} * {{ measure }}_error, 6) as double)
            as caused_{{ measure }}_upper,
        {% endfor -%}
        cast(round(timing_orders, 6) as double) as timing_caused_orders
    from averaged
)

select * from channel_increments
