-- The larger of what the month lost against the month before and against what is usual.
with newest as (
    {{ covered_last_month('mentions') }}
),

drops as (
    select * from {{ ref('sentiment_anomalies') }}
    where is_anomaly and direction = 'drop'
),

sentiment_drop as (
    select
        'sentiment_drop' as signal,
        drops.dimension as entity_type,
        drops.entity,
        case when drops.dimension <> 'all' then drops.entity end as name,
        cast(null as varchar) as subject,
        greatest(-drops.change_points, -drops.distance_points) as value,
        drops.net_sentiment as figure,
        drops.usual_net_sentiment as usual_value,
        drops.mention_count as item_count,
        cast(null as double) as value_at_stake,
        drops.month as period
    from drops
    inner join newest on drops.month = newest.month
)

select * from sentiment_drop
where value is not null
