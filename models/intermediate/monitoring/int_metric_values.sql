-- A month without any order, parcel, mention or incident has no row.
with orders as (
    select * from {{ ref('orders') }}
),

delivery_months as (
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

support as (
    select * from {{ ref('support_performance') }}
    where dimension in ('all', 'team')
),

ticket_sentiment as (
    select * from {{ ref('ticket_sentiment') }}
    where score is not null
),

category_months as (
    select * from {{ ref('int_category_months') }}
),

order_months as (
    select
        cast(date_trunc('month', ordered_on) as date) as month,
        cast(sum(revenue) as double) as revenue,
        count(*) filter (is_purchase) as order_count,
        count(distinct customer_id) filter (is_purchase) as customer_count,
        cast(avg(revenue) filter (is_purchase) as double) as average_order_value
    from orders
    group by all
),

incident_months as (
    select
        cast(date_trunc('month', occurred_on) as date) as month,
        count(*) as incident_count
    from incidents
    group by all
),

mood_months as (
    select
        month,
        count(*) as ticket_count,
        avg(score) as mood
    from ticket_sentiment
    group by month
),

measures as (
    select
        'all' as dimension,
        'all' as entity,
        month,
        order_count as weight,
        unnest([
            {'metric': 'revenue', 'value': revenue},
            {'metric': 'order_count', 'value': order_count},
            {'metric': 'active_customer_count', 'value': customer_count},
            {'metric': 'average_order_value', 'value': average_order_value}
        ]) as measure
    from order_months
    union all
    select
        'category' as dimension,
        category as entity,
        month,
        order_count as weight,
        {'metric': 'category_revenue', 'value': revenue} as measure
    from category_months
    union all
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
    union all
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

metric_values as (
    select
        measure.metric as metric,
        dimension,
        entity,
        measure.value as value,
        weight,
        month as period
    from measures
)

select * from metric_values
