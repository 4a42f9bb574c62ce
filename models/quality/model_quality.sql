-- 1. A skill is what a model takes off the baseline's error: 1 - error / baseline error; above 0 it
--    is better. For measures of which more is better it is the part of the way to 1 gained.
-- 2. Coverage of an 80 % interval has no baseline to beat; it is held against 0.8.
with measured as (
    select * from {{ ref('int_model_measures') }}
),

metrics as (
    select * from {{ ref('quality_metrics') }}
),

model_quality as (
    select
        measured.mart,
        measured.model,
        measured.target,
        measured.metric,
        measured.baseline,
        metrics.direction,
        measured.is_serving,
        measured.horizon_days,
        measured.value,
        measured.baseline_value,
        case metrics.direction
            when 'lower' then 1 - abs(measured.value) / nullif(abs(measured.baseline_value), 0)
            when 'higher'
                then
                    (measured.value - measured.baseline_value)
                    / nullif(1 - measured.baseline_value, 0)
        end as skill,
        case when metrics.direction = 'coverage' then measured.value end as coverage,
        measured.row_count,
        measured.as_of_date
    from measured
    inner join metrics on measured.metric = metrics.metric
)

select * from model_quality
