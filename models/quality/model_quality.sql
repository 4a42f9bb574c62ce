-- 1. A skill is what a model takes off the baseline's error: 1 - error / baseline error; above 0 it
--    is better. For measures of which more is better it is the part of the way to 1 gained.
-- 2. Coverage of an 80 % interval has no baseline to beat; it is held against 0.8.
with clv_backtest as (
    select * from {{ ref('clv_backtest') }}
),

churn_backtest as (
    select * from {{ ref('churn_backtest') }}
),

inventory_quality as (
    select * from {{ ref('int_inventory_quality') }}
),

metrics as (
    select * from {{ ref('quality_metrics') }}
),

history_dates as (
    select * from {{ ref('int_history_dates') }}
    where purpose = 'backtest'
),

measured as (
    select
        'customer_lifetime_values' as mart,
        clv_backtest.model,
        clv_backtest.target,
        clv_backtest.metric,
        clv_backtest.baseline,
        clv_backtest.is_serving,
        clv_backtest.holdout_days as horizon_days,
        clv_backtest.value,
        clv_backtest.baseline_value,
        clv_backtest.row_count,
        history_dates.as_of_date
    from clv_backtest
    cross join history_dates
    union all
    select
        'customer_churn_risks' as mart,
        model,
        target,
        metric,
        baseline,
        is_serving,
        horizon_days,
        value,
        baseline_value,
        row_count,
        as_of_date
    from churn_backtest
    union all
    select
        'inventory_levels' as mart,
        model,
        target,
        metric,
        baseline,
        is_serving,
        horizon_days,
        value,
        baseline_value,
        row_count,
        as_of_date
    from inventory_quality
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
