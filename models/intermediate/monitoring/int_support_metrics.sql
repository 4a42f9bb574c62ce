-- Times are those of open hours where they are kept.
with support as (
    select * from {{ ref('support_performance') }}
    where dimension in ('all', 'team')
),

ticket_sentiment as (
    select * from {{ ref('ticket_sentiment') }}
    where score is not null
),

mood_months as (
    select
        month,
        count(*) as ticket_count,
        {{ decimal_sum('score') }} / count(*) as mood
    from ticket_sentiment
    group by month
),

measures as (
    select
        dimension,
        entity,
        month,
        ticket_count as weight,
        unnest([
            {'metric': 'ticket_count', 'value': cast(ticket_count as double)},
            {
                'metric': 'first_reply_minutes',
                'value': coalesce(
                    first_reply_median_business_minutes, first_reply_median_minutes
                )
            },
            {'metric': 'reply_met_rate', 'value': first_reply_met_rate},
            {'metric': 'solution_met_rate', 'value': resolution_met_rate},
            {'metric': 'ticket_satisfaction', 'value': satisfaction_score},
            {'metric': 'ticket_backlog', 'value': cast(backlog_count as double)}
        ]) as measure
    from support
    union all
    select
        dimension,
        entity,
        month,
        ticket_count as weight,
        {'metric': 'tickets_per_100_orders', 'value': tickets_per_100_orders} as measure
    from support
    where dimension = 'all' and order_count is not null
    union all
    select
        'all' as dimension,
        'all' as entity,
        month,
        ticket_count as weight,
        {'metric': 'ticket_sentiment', 'value': mood} as measure
    from mood_months
),

support_metrics as (
    select
        measure.metric as metric,
        dimension,
        entity,
        measure.value as value,
        weight,
        month as period
    from measures
)

select * from support_metrics
