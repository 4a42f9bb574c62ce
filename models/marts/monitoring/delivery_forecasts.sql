-- 1. The score is that of the forecast parts, by the rule of delivery_performance; its grade follows
--    from it. Where a part is measured and cannot be forecast there is no score; where complaints are
--    not measured at all, it is of the other parts.
-- 2. The interval of the score is that of the score forecast as a series of its own, whose coverage
--    is measured (metric_forecast_backtest); it is drawn out to the score where that lies outside.
-- 3. The status is that of the weakest part, insufficient_data where one is not forecast at all.
{%- set measures = {
    'average_delivery_days': 'average_delivery_days', 'on_time_rate': 'on_time_rate',
    'complaint_count': 'complaint_count', 'series_score': 'delivery_score',
} %}
with metric_forecasts as (
    select * from {{ ref('metric_forecasts') }}
    where
        metric in (
            {% for metric in measures.values() %}
            '{{ metric }}'{{ ',' if not loop.last }}
            {% endfor %}
        )
),

score_parts as (
    select
        {{ delivery_score_parts_in_a_row() }}
    from {{ ref('delivery_score_parts') }}
),

grades as (
    {{ bands(ref('score_grades'), 'minimum_score') }}
),

parts as (
    select
        dimension,
        entity,
        {% for name, metric in measures.items() %}
        max(method) filter (metric = '{{ metric }}') as {{ name }}_method,
        max(value) filter (metric = '{{ metric }}') as {{ name }},
        max(value_lower) filter (metric = '{{ metric }}') as {{ name }}_lower,
        max(value_upper) filter (metric = '{{ metric }}') as {{ name }}_upper,
        {% endfor %}
        bool_or(status = 'insufficient_data') as has_unknown_part,
        bool_or(status = 'short_history') as has_short_part,
        max(horizon_months) as horizon_months,
        max(as_of_date) as as_of_date,
        period as month
    from metric_forecasts
    group by dimension, entity, period
),

scored_parts as (
    select
        parts.*,
        case
            when not parts.has_unknown_part
                then
                    {{ delivery_score(
                        'parts.on_time_rate', 'parts.average_delivery_days', 'parts.complaint_count'
                    ) }}
        end as score
    from parts
    cross join score_parts
),

delivery_forecasts as (
    select
        scored_parts.dimension,
        scored_parts.entity,
        grades.grade,
        scored_parts.average_delivery_days_method,
        scored_parts.on_time_rate_method,
        scored_parts.complaint_count_method,
        case
            when scored_parts.has_unknown_part or scored_parts.score is null
                then 'insufficient_data'
            when scored_parts.has_short_part then 'short_history'
            else 'ok'
        end as status,
        scored_parts.horizon_months,
        {% for part in ['average_delivery_days', 'on_time_rate', 'complaint_count'] -%}
        scored_parts.{{ part }},
        scored_parts.{{ part }}_lower,
        scored_parts.{{ part }}_upper,
        {% endfor -%}
        scored_parts.score,
        -- least() and greatest() pass over nulls
        {% for end, farther in {'lower': 'least', 'upper': 'greatest'}.items() -%}
        case
            when scored_parts.score + scored_parts.series_score_{{ end }} is not null
                then {{ farther }}(scored_parts.score, scored_parts.series_score_{{ end }})
        end as score_{{ end }},
        {% endfor -%}
        scored_parts.month,
        scored_parts.as_of_date
    from scored_parts
    left join grades
        on scored_parts.score >= grades.minimum_score and scored_parts.score < grades.next_bound
)

select * from delivery_forecasts
