-- 1. The whole is always forecast. Of carriers, warehouses or sources those with most cases in the
--    twelve complete months before today are, up to `forecast_entities` of each.
-- 2. One without any case in that time is not: there is nothing left to forecast from.
with metric_values as (
    select * from {{ ref('int_metric_values') }}
),

metrics as (
    select * from {{ ref('metrics') }}
    where is_forecast
),

metric_coverage as (
    select * from {{ ref('int_metric_coverage') }}
),

cases as (
    select
        metric_values.metric,
        metric_values.dimension,
        metric_values.entity,
        coalesce(
            sum(metric_values.weight) filter (
                metric_values.period < date_trunc('month', metric_coverage.covered_until + 1)
                and metric_values.period
                >= date_trunc('month', metric_coverage.covered_until + 1) - interval 12 month
            ),
            0
        ) as case_count
    from metric_values
    inner join metrics on metric_values.metric = metrics.metric
    inner join metric_coverage on metrics.domain = metric_coverage.domain
    group by metric_values.metric, metric_values.dimension, metric_values.entity
),

ranks as (
    select
        metric,
        dimension,
        entity,
        case_count,
        row_number() over (
            partition by metric, dimension
            order by case_count desc, entity asc
        ) as case_rank
    from cases
),

forecast_entities as (
    select
        metric,
        dimension,
        entity
    from ranks
    where dimension = 'all' or (case_count > 0 and case_rank <= {{ var('forecast_entities') }})
)

select * from forecast_entities
