-- 1. A text can be written about each recommended action. Its facts are the row of that mart, with
--    amounts rounded as people read them; nothing of a customer is in them.
-- 2. The hash is that of the facts: a text that was written from others is stale.
with actions as (
    select * from {{ ref('recommended_actions') }}
),

facts as (
    select
        cause as subject_id,
        action || ': ' || details as template_text,
        cast(to_json({
            'action': action,
            'why': details,
            'priority': priority,
            'findings': finding_count,
            'members': member_count,
            'at_stake': round(value_at_stake)
        }) as varchar) as facts,
        as_of_date
    from actions
),

llm_inputs as (
    select
        'action' as subject_type,
        subject_id,
        'summary' as kind,
        facts,
        md5(facts) as input_hash,
        template_text,
        as_of_date
    from facts
)

select * from llm_inputs
