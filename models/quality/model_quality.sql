-- 1. A skill is what a model takes off the baseline's error: 1 - error / baseline error; above 0 it
--    is better. For measures of which more is better it is the part of the way to 1 gained.
-- 2. Coverage of an 80 % interval has no baseline to beat; it is held against 0.8.
{% set columns = [
    'model', 'target', 'metric', 'baseline', 'is_serving', 'horizon_days', 'value', 'baseline_value',
    'row_count'
] -%}
with clv_backtest as (
    select * from {{ ref('clv_backtest') }}
),

history_dates as (
    select * from {{ ref('int_history_dates') }}
    where purpose = 'backtest'
),

metrics as (
    select * from {{ ref('quality_metrics') }}
),

measured as (
    select
        'customer_lifetime_values' as mart,
        {% for column in columns -%}
        clv_backtest.{{ column }},
        {% endfor -%}
        history_dates.as_of_date
    from clv_backtest
    cross join history_dates
    {% for mart, figures in {
        "'customer_churn_risks'": ref('churn_backtest'),
        "'inventory_levels'": ref('int_inventory_quality'),
        "'conversion_scores'": ref('conversion_backtest'),
        "'engagement_scores'": ref('engagement_backtest'),
        "'metric_anomalies'": ref('int_anomaly_quality'),
    }.items() -%}
    union all
    select
        {{ mart }} as mart,
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        as_of_date
    from {{ figures }}
    {% endfor -%}
    {% for figures in [
        ref('int_recommendation_quality'), ref('int_forecast_quality'), ref('int_alarm_quality')
    ] -%}
    union all
    select
        mart,
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        as_of_date
    from {{ figures }}
    {% endfor %}
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
