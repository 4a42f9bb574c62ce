-- 1. One action per cause: the first finding is told, a few others are named, all stand in
--    action_findings, whom they mean in action_members.
-- 2. Money is counted once: of parts, each with money of its own, the sum; of views of the same money
--    that of the whole, else the largest (seeds/rules/actions/action_causes.csv).
-- 3. The most urgent first, and among them what has most at stake; no more than `most_actions`
--    (seeds/rules/actions/action_settings.csv).
-- 4. Where nobody meant may be written to, the action is another one.
with findings as (
    select * from {{ ref('action_findings') }}
),

causes as (
    select * from {{ ref('action_causes') }}
),

totals as (
    select * from {{ ref('int_action_totals') }}
),

settings as (
    {{ in_a_row(ref('action_settings'), 'setting', ['most_actions']) }}
),

told as (
    select
        findings.*,
        causes.money,
        totals.finding_count,
        totals.item_count as total_item_count,
        totals.named,
        case causes.money
            when 'parts' then totals.summed_value
            else coalesce(totals.whole_value, totals.largest_value)
        end as total_value,
        replace(
            replace(causes.sentence, '{findings}', {{ plain_number('totals.finding_count') }}),
            '{items}',
            {{ plain_number('totals.item_count') }}
        ) as parts_sentence,
        totals.unnamed_count,
        totals.member_count,
        causes.needs_consent,
        causes.without_consent
    from findings
    inner join totals on findings.cause = totals.cause
    inner join causes on findings.cause = causes.cause
    where findings.finding_rank = 1
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

recommended_actions as (
    select
        told.cause,
        told.rule,
        told.entity_type,
        told.entity,
        told.domain,
        case
            when told.needs_consent and told.member_count = 0 then told.without_consent
            else told.action
        end as action,
        coalesce('Cause: ' || known_causes.known_cause || '. ', '')
        || {{ action_text() }} as details,
        known_causes.known_cause,
        told.unit,
        told.figure_unit,
        told.comparison,
        cast(
            row_number() over (
                order by told.priority asc, told.total_value desc nulls last, told.cause asc
            ) as bigint
        ) as action_rank,
        told.priority,
        told.value,
        told.figure,
        told.threshold,
        told.usual_value,
        told.item_count,
        told.finding_count,
        told.member_count,
        told.total_value as value_at_stake,
        told.period,
        as_of.as_of_date
    from told
    cross join as_of
    left join {{ ref('int_known_causes') }} as known_causes
        on told.cause = known_causes.cause and told.period = known_causes.period
)

select recommended_actions.*
from recommended_actions
cross join settings
where recommended_actions.action_rank <= settings.most_actions
