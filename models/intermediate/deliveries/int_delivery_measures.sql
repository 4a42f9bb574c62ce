-- 1. Only complete months: of a month half gone, or half covered, half the complaints are there.
-- 2. Only figures from the source of the slice's newest month: those pre-aggregated elsewhere are
--    counted otherwise, and the change of source would look like a change of deliveries. Likewise
--    only scores from the same parts as the newest.
-- 3. Only months with enough deliveries for the measure
--    (seeds/rules/deliveries/delivery_measures.csv); pre-aggregated figures do not say how many
--    they had, and are taken.
with performance as (
    select * from {{ ref('delivery_performance') }}
    where is_complete
),

measures as (
    select * from {{ ref('delivery_measures') }}
),

newest as (
    select
        dimension,
        entity,
        max_by(figures_from, month) as figures_from,
        max_by(score_from, month) as score_from
    from performance
    group by dimension, entity
),

months as (
    select
        performance.dimension,
        performance.entity,
        performance.delivery_count,
        performance.complaint_count,
        performance.average_delivery_days,
        performance.on_time_rate,
        case when performance.score_from = newest.score_from then performance.score end as score,
        performance.month
    from performance
    inner join newest
        on
            performance.dimension = newest.dimension
            and performance.entity = newest.entity
            and performance.figures_from = newest.figures_from
),

valued as (
    select
        months.dimension,
        months.entity,
        measures.measure,
        case measures.measure
            when 'score' then months.score
            when 'on_time_rate' then months.on_time_rate
            when 'average_delivery_days' then months.average_delivery_days
            when 'complaint_count' then cast(months.complaint_count as double)
        end as value,
        cast(months.delivery_count as double) as delivery_count,
        months.month
    from months
    inner join measures
        on
            months.delivery_count is null
            or months.delivery_count >= measures.minimum_deliveries
),

delivery_measures as (
    select * from valued
    where value is not null
)

select * from delivery_measures
