-- 1. The most severe alert of its time speaks for the others; what a person has in hand, or does
--    not want to hear of, and what is good, is none.
-- 2. At stake is what it cost so far.
with alerts as (
    select * from {{ ref('alerts') }}
    where
        state = 'open' and is_lead and not is_better and not is_acknowledged and not is_muted
),

rules as (
    select * from {{ ref('daily_metrics') }}
),

named as (
    select
        alerts.*,
        case
            when alerts.rule = 'input_stopped' then 'The input ' || replace(alerts.entity, '_', ' ')
            when alerts.dimension = 'all' then rules.label
            else rules.label || ' (' || replace(alerts.dimension, '_', ' ') || ' ' || alerts.entity
                || ')'
        end as name,
        case when alerts.unit = 'share' then 'share' else 'count' end as figure_unit
    from alerts
    left join rules on alerts.metric = rules.metric
),

told as (
    select
        *,
        {{ figure('observed', 'figure_unit') }} as observed_text,
        {{ figure('expected', 'figure_unit') }} as expected_text
    from named
),

open_alert as (
    select
        'open_alert' as signal,
        'alert' as entity_type,
        alert_id as entity,
        upper(left(name, 1)) || substr(name, 2) as name,
        case
            when rule = 'input_stopped'
                then
                    'no new rows for ' || observed_text || ' days, at most ' || expected_text
                    || ' in the year before'
            else observed_text || ' instead of ' || expected_text
        end as subject,
        cast(severity as double) as value,
        cast(last_seen_on - opened_on + 1 as double) as figure,
        cast(null as double) as usual_value,
        occurrence_count as item_count,
        case when money is not null then greatest(-money, 0) end as value_at_stake,
        opened_on as period
    from told
)

select * from open_alert
