-- 1. One message per group and event: the most severe alert speaks for those of the same time. What
--    is muted or acknowledged, or below `alert_least_severity`, is not sent.
-- 2. What was over before it was ever reported is history and no news: the first build over old
--    data sends nothing about it. A closing is sent only of what was sent as open.
-- 3. A message keeps its id in every build; `retail notify` sends each once.
with alerts as (
    select * from {{ ref('alerts') }}
),

settings as (
    select max(value) as least_severity
    from {{ ref('monitoring_settings') }}
    where setting = 'alert_least_severity'
),

gaps as (
    select max(value) as gap_days
    from {{ ref('monitoring_settings') }}
    where setting = 'alert_gap_days'
),

labels as (
    select
        metric,
        label
    from {{ ref('daily_metrics') }}
),

news as (
    select
        alerts.*,
        labels.label,
        unnest(case alerts.state when 'open' then ['opened'] else ['opened', 'closed'] end) as event
    from alerts
    cross join settings
    cross join gaps
    left join labels on alerts.metric = labels.metric
    where
        alerts.is_lead
        and not alerts.is_muted
        and not alerts.is_acknowledged
        and alerts.severity >= settings.least_severity
        and alerts.last_seen_on + cast(gaps.gap_days as integer) >= alerts.first_reported_on
),

alert_outbox as (
    select
        alert_id || ':' || event as message_id,
        alert_id,
        event,
        severity,
        cast(to_json({
            'alert_id': alert_id,
            'event': event,
            'rule': rule,
            'metric': metric,
            'label': label,
            'unit': unit,
            'dimension': dimension,
            'entity': entity,
            'direction': direction,
            'is_better': is_better,
            'severity': severity,
            'observed': observed,
            'expected': expected,
            'money': money,
            'opened_on': opened_on,
            'last_seen_on': last_seen_on
        }) as varchar) as payload,
        case event when 'opened' then first_reported_on else closed_on end as due_on
    from news
)

select * from alert_outbox
