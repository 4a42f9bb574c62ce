-- 1. The first finding of a cause is the one that is told: the most urgent; of equals the whole before
--    its slices, then the first rule of the playbook, then what has most at stake.
-- 2. A slice of a whole that is found as well stands under it.
with findings as (
    select * from {{ ref('int_action_findings') }}
),

action_findings as (
    select
        cause,
        rule,
        entity_type,
        entity,
        domain,
        action,
        sentence_text || coalesce('; ' || usual_sentence_text, '') as finding,
        listed_text as listed,
        unit,
        figure_unit,
        comparison,
        cast(
            row_number() over (
                partition by cause
                order by
                    priority asc,
                    case when entity = 'all' then 0 else 1 end asc,
                    rule_order asc,
                    value_at_stake desc nulls last,
                    case when comparison = 'below' then value else -value end asc,
                    entity_type asc,
                    entity asc
            ) as bigint
        ) as finding_rank,
        priority,
        value,
        figure,
        threshold,
        usual_value,
        item_count,
        value_at_stake,
        period
    from findings
)

select * from action_findings
