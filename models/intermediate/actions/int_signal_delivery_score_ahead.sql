-- 1. The next month that is forecast. What counts is the best that it may be: 7 parcels in three months
--    were expected to make 39 points, or anything from 4 to 91.
-- 2. A slice of fewer parcels in its newest month than a score is compared with
--    (seeds/rules/deliveries/delivery_measures.csv) is none to plan capacity and staff for.
with fewest as (
    select minimum_deliveries
    from {{ ref('delivery_measures') }}
    where measure = 'score'
),

forecasts as (
    select
        forecasts.*,
        row_number() over (
            partition by forecasts.dimension, forecasts.entity
            order by forecasts.month
        ) as step
    from {{ ref('delivery_forecasts') }} as forecasts
    inner join {{ ref('int_last_delivery_month') }} as newest on forecasts.month > newest.month
    inner join {{ ref('delivery_performance') }} as performance
        on
            newest.month = performance.month
            and forecasts.dimension = performance.dimension
            and forecasts.entity = performance.entity
    inner join fewest
        on
            coalesce(performance.delivery_count, fewest.minimum_deliveries)
            >= fewest.minimum_deliveries
    where forecasts.score is not null
),

delivery_score_ahead as (
    select
        'delivery_score_ahead' as signal,
        forecasts.dimension as entity_type,
        forecasts.entity,
        case when forecasts.dimension <> 'all' then forecasts.entity end as name,
        cast(null as varchar) as subject,
        forecasts.score_upper as value,
        forecasts.score as figure,
        cast(null as double) as usual_value,
        cast(null as bigint) as item_count,
        cast(null as double) as value_at_stake,
        forecasts.month as period
    from forecasts
    where forecasts.step = 1
)

select * from delivery_score_ahead
where value is not null
