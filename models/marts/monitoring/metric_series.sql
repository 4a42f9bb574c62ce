-- 1. A series runs from its first known month to the month until which its domain is covered
--    (int_metric_coverage). A month without orders, deliveries or incidents between them is 0 where
--    the rule says so (seeds/rules/monitoring/metrics.csv, `empty_month`), else unknown.
-- 2. A month that is not over, or not covered to its end, is there and not complete: nothing may be
--    learned from half a month.
-- 3. A month of which a row was rejected, or a price is not known, says so (int_unknown_months).
with metric_values as (
    select * from {{ ref('int_metric_values') }}
),

metrics as (
    select * from {{ ref('metrics') }}
),

metric_coverage as (
    select * from {{ ref('int_metric_coverage') }}
),

forecast_entities as (
    select * from {{ ref('int_forecast_entities') }}
),

unknown_months as (
    select * from {{ ref('int_unknown_months') }}
),

first_months as (
    select
        metric,
        dimension,
        entity,
        min(period) as first_period
    from metric_values
    where value is not null
    group by all
),

months as (
    select
        first_months.metric,
        first_months.dimension,
        first_months.entity,
        metric_coverage.domain,
        metric_coverage.covered_until,
        unnest(cast(
            generate_series(
                first_months.first_period,
                date_trunc('month', metric_coverage.covered_until),
                interval 1 month
            ) as date[]
        )) as period
    from first_months
    inner join metrics on first_months.metric = metrics.metric
    inner join metric_coverage on metrics.domain = metric_coverage.domain
),

metric_series as (
    select
        metric,
        dimension,
        entity,
        months.domain,
        metrics.unit,
        metrics.is_higher_better,
        last_day(months.period) <= months.covered_until as is_complete,
        unknown_months.metric is not null as has_unknown_part,
        forecast_entities.metric is not null as is_forecast,
        case
            when metric_values.metric is not null then metric_values.value
            when metrics.empty_month = 'zero' then 0
        end as value,
        case
            when metric_values.metric is not null then metric_values.weight
            else 0
        end as weight,
        period
    from months
    inner join metrics using (metric)
    left join metric_values using (metric, dimension, entity, period)
    left join forecast_entities using (metric, dimension, entity)
    left join unknown_months using (metric, period)
)

select * from metric_series
