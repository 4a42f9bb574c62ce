-- 1. A series begins with its first day and is known as long as its source is covered.
-- 2. Of the slices of a dimension those with most days of the last year, `forecast_entities` of
--    each. A slice without any in that time is over and has no series.
with sums as (
    select * from {{ ref('int_metric_sums') }}
),

coverage as (
    select * from {{ ref('int_source_coverage') }}
),

ranks as (
    select
        sums.metric,
        sums.dimension,
        sums.entity,
        coverage.covered_until,
        coverage.as_of_date,
        min(sums.day) as first_day,
        row_number() over (
            partition by sums.metric, sums.dimension
            order by count(*) filter (sums.day > coverage.covered_until - 365) desc, sums.entity asc
        ) as entity_rank
    from sums
    inner join coverage on sums.source = coverage.source
    group by
        sums.metric, sums.dimension, sums.entity, coverage.covered_until, coverage.as_of_date
    having count(*) filter (sums.day > coverage.covered_until - 365) > 0
),

metric_spans as (
    select
        metric,
        dimension,
        entity,
        covered_until,
        as_of_date,
        first_day
    from ranks
    where entity_rank <= {{ var('forecast_entities') }}
)

select * from metric_spans
