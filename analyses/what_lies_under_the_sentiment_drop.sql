-- What lies under the latest drop in sentiment? How far it fell, from which month until which it
-- stayed below what was usual, and then, warehouse by warehouse and carrier by carrier, the
-- deliveries of those months against the twelve months before, and the incidents open meanwhile.
-- Where most late deliveries above the usual go with an incident, there is the cause to look at
-- first.
with latest_drop as (
    select *
    from {{ ref('sentiment_anomalies') }}
    where dimension = 'all' and direction = 'drop'
    qualify month = max(month) over ()
),

spans as (
    select
        latest_drop.month as drop_month,
        any_value(latest_drop.severity) as severity,
        any_value(latest_drop.net_sentiment) as net_sentiment,
        any_value(latest_drop.change_points) as change_points,
        any_value(latest_drop.distance_points) as distance_points,
        coalesce(
            max(others.month) filter (
                others.month < latest_drop.month and others.distance_points >= 0
            ) + interval 1 month,
            min(others.month)
        ) as below_from_month,
        coalesce(
            min(others.month) filter (
                others.month > latest_drop.month and others.distance_points >= 0
            ) - interval 1 month,
            max(others.month)
        ) as below_until_month
    from latest_drop
    inner join {{ ref('sentiment_anomalies') }} as others
        on latest_drop.dimension = others.dimension
    group by latest_drop.month
),

slices as (
    select
        performance.dimension,
        performance.entity,
        spans.drop_month,
        sum(performance.delivery_count) filter (performance.month >= spans.below_from_month)
            as delivery_count,
        sum(performance.on_time_count) filter (performance.month >= spans.below_from_month)
            as on_time_count,
        sum(performance.complaint_count) filter (performance.month >= spans.below_from_month)
            as complaint_count,
        sum(performance.on_time_count) filter (performance.month < spans.below_from_month)
        / sum(performance.delivery_count) filter (performance.month < spans.below_from_month)
            as usual_on_time_rate
    from spans
    inner join {{ ref('delivery_performance') }} as performance
        on
            spans.below_from_month - interval 12 month <= performance.month
            and spans.below_until_month >= performance.month
    where performance.dimension in ('carrier', 'warehouse')
    group by all
),

incidents_met as (
    select
        incidents.warehouse,
        string_agg(
            incidents.occurred_on || ' to ' || incidents.ended_on || ': ' || incidents.description,
            '; '
            order by incidents.occurred_on
        ) as incidents_open
    from spans
    inner join {{ ref('incidents') }} as incidents
        on
            spans.below_from_month <= incidents.ended_on
            and spans.below_until_month + interval 1 month > incidents.occurred_on
    group by incidents.warehouse
)

select
    spans.drop_month,
    spans.severity,
    round(spans.net_sentiment, 2) as net_sentiment,
    round(spans.change_points, 1) as change_points,
    round(spans.distance_points, 1) as points_below_usual,
    cast(spans.below_from_month as date) as below_from_month,
    cast(spans.below_until_month as date) as below_until_month,
    slices.dimension,
    slices.entity,
    slices.delivery_count,
    round(slices.on_time_count / slices.delivery_count, 3) as on_time_rate,
    round(slices.usual_on_time_rate, 3) as usual_on_time_rate,
    round(slices.usual_on_time_rate * slices.delivery_count - slices.on_time_count)
        as late_deliveries_above_usual,
    slices.complaint_count,
    incidents_met.incidents_open
from spans
left join slices on spans.drop_month = slices.drop_month
left join incidents_met
    on slices.dimension = 'warehouse' and slices.entity = incidents_met.warehouse
order by late_deliveries_above_usual desc nulls last
