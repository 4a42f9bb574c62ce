-- Every figure of every backtest: model_quality says what is good of it, the registry keeps it.
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

model_measures as (
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
)

select * from model_measures
