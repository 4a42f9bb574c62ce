-- 1. A rule of the playbook applies where its signal lies below or above its threshold
--    (seeds/rules/actions/playbook.csv); of several rules on one signal the most urgent one.
-- 2. The most urgent first, and among them the one with the most at stake.
with signals as (
    select * from {{ ref('int_operations_signals') }}
    union all
    select * from {{ ref('int_reputation_signals') }}
    union all
    select * from {{ ref('int_customer_signals') }}
),

playbook as (
    select * from {{ ref('playbook') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

applied as (
    select
        playbook.rule,
        playbook.domain,
        playbook.priority,
        playbook.action,
        playbook.meaning,
        playbook.unit,
        playbook.comparison,
        playbook.threshold,
        signals.*
    from signals
    inner join playbook
        on
            signals.signal = playbook.signal
            and case
                when playbook.comparison = 'below' then signals.value < playbook.threshold
                else signals.value > playbook.threshold
            end
    qualify
        row_number() over (
            partition by
                signals.signal,
                signals.entity_type,
                signals.entity,
                signals.period
            order by playbook.priority, playbook.rule
        ) = 1
),

recommended_actions as (
    select
        applied.rule,
        applied.entity_type,
        applied.entity,
        applied.domain,
        applied.action,
        applied.meaning || ': ' || {{ figure('applied.value', 'applied.unit') }}
        || ' (limit ' || {{ figure('applied.threshold', 'applied.unit') }}
        || coalesce(', usually ' || {{ figure('applied.usual_value', 'applied.unit') }}, '') || ')'
        || coalesce('; ' || applied.subject, '')
            as details,
        applied.subject,
        applied.unit,
        applied.comparison,
        cast(
            row_number() over (
                order by
                    applied.priority asc,
                    applied.value_at_stake desc nulls last,
                    applied.rule asc,
                    applied.entity_type asc,
                    applied.entity asc
            ) as bigint
        ) as action_rank,
        applied.priority,
        applied.value,
        applied.threshold,
        applied.usual_value,
        applied.item_count,
        applied.value_at_stake,
        applied.period,
        as_of.as_of_date
    from applied
    cross join as_of
)

select * from recommended_actions
