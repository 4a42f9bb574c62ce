-- A month without any delivery, mention or incident has no row.
with delivery_months as (
    select
        *,
        -- one series holds scores from the same parts only, those of its newest month
        case
            when score_from = max_by(score_from, month) over (partition by dimension, entity)
                then score
        end as comparable_score
    from {{ ref('delivery_performance') }}
),

sentiment as (
    select * from {{ ref('sentiment') }}
),

incidents as (
    select * from {{ ref('incidents') }}
),

incident_months as (
    select
        cast(date_trunc('month', occurred_on) as date) as month,
        count(*) as incident_count
    from incidents
    group by all
),

measures as (
    select
        dimension,
        entity,
        month,
        delivery_count as weight,
        unnest([
            {'metric': 'delivery_count', 'value': delivery_count},
            {'metric': 'average_delivery_days', 'value': average_delivery_days},
            {'metric': 'on_time_rate', 'value': on_time_rate},
            {'metric': 'complaint_count', 'value': complaint_count},
            {'metric': 'delivery_score', 'value': comparable_score}
        ]) as measure
    from delivery_months
    union all
    select
        dimension,
        entity,
        month,
        mention_count as weight,
        {'metric': 'net_sentiment', 'value': net_sentiment} as measure
    from sentiment
    union all
    select
        'all' as dimension,
        'all' as entity,
        month,
        incident_count as weight,
        {'metric': 'incident_count', 'value': cast(incident_count as double)} as measure
    from incident_months
),

delivery_metrics as (
    select
        measure.metric as metric,
        dimension,
        entity,
        measure.value as value,
        weight,
        month as period
    from measures
)

select * from delivery_metrics
