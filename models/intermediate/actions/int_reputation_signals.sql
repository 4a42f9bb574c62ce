-- What the playbook may act on in reputation, in the last complete month.
with as_of as (
    select * from {{ ref('int_as_of') }}
),

drops as (
    select
        'sentiment_drop' as signal,
        anomalies.dimension as entity_type,
        anomalies.entity,
        anomalies.severity as subject,
        greatest(-anomalies.change_points, -anomalies.distance_points) as value,
        anomalies.mention_count as item_count,
        anomalies.month as period
    from {{ ref('sentiment_anomalies') }} as anomalies
    inner join as_of on anomalies.month = as_of.last_month
    where anomalies.is_anomaly and anomalies.direction = 'drop'
),

moods as (
    select
        'net_sentiment' as signal,
        sentiment.dimension as entity_type,
        sentiment.entity,
        sentiment.assessment as subject,
        sentiment.net_sentiment as value,
        sentiment.mention_count as item_count,
        sentiment.month as period
    from {{ ref('sentiment') }} as sentiment
    inner join as_of on sentiment.month = as_of.last_month
),

reputation_signals as (
    select * from drops
    union all
    select * from moods
)

select
    signal,
    entity_type,
    entity,
    subject,
    value,
    cast(null as double) as usual_value,
    item_count,
    cast(null as double) as value_at_stake,
    period
from reputation_signals
where value is not null
