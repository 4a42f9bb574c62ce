-- Touches of journeys by the month in which they ended, beside the orders of journeys of that month.
with touchpoints as (
    select * from {{ ref('touchpoints') }}
),

journeys as (
    select * from {{ ref('journeys') }}
    where not is_open
),

ended as (
    select
        journey_id,
        is_converted,
        revenue,
        cast(date_trunc('month', coalesce(ordered_at, last_touched_at)) as date) as month
    from journeys
),

months as (
    select
        month,
        count(*) filter (is_converted) as orders,
        cast(coalesce(sum(revenue), 0) as double) as revenue
    from ended
    group by month
),

journey_months as (
    select
        ended.month,
        touchpoints.channel,
        count(*) as touch_count,
        max(months.orders) as orders,
        max(months.revenue) as revenue
    from touchpoints
    inner join ended on touchpoints.journey_id = ended.journey_id
    inner join months on ended.month = months.month
    group by ended.month, touchpoints.channel
)

select * from journey_months
