-- Measured by recommendation_backtest (src/retail_analytics/recommendations/backtest.py).
-- A figure of too few customers is null, and the status says so.
with figures as (
    select * from {{ ref('recommendation_backtest') }}
    where part = 'quality'
),

served as (
    select max(value) = 1 as is_open from {{ ref('recommendation_backtest') }}
    where part = 'gate' and metric = 'is_open'
),

recommendation_quality as (
    select
        figures.test,
        figures.name as strategy,
        case
            when max(figures.value) filter (where figures.metric = 'recall') is null
                then 'insufficient_data'
            else 'ok'
        end as status,
        case figures.name
            when 'blend' then coalesce(bool_or(served.is_open), false)
            when 'personal_frequency' then not coalesce(bool_or(served.is_open), false)
            else figures.name = 'served_list'
        end as is_serving,
        max(figures.row_count) filter (where figures.metric = 'recall') as customer_count,
        {% for metric in ['recall', 'ndcg', 'hit', 'repeat_recall', 'explore_recall'] -%}
        {% set name = {'recall': 'recall_at_10', 'ndcg': 'ndcg_at_10', 'hit': 'hit_rate_at_10',
            'repeat_recall': 'repeat_recall_at_10', 'explore_recall': 'explore_recall_at_10'
        }[metric] -%}
        {% for suffix in ['', '_lower', '_upper'] -%}
        max(figures.value{{ suffix }}) filter (where figures.metric = '{{ metric }}')
            as {{ name }}{{ suffix }},
        {% endfor -%}
        {% endfor -%}
        {% for baseline in ['personal_frequency', 'popularity'] -%}
        {% for suffix in ['', '_lower', '_upper'] -%}
        max(figures.value{{ suffix }}) filter (
            where figures.metric = 'ndcg_gain_over_{{ baseline }}'
        )
            as ndcg_gain_over_{{ baseline }}{{ suffix }},
        {% endfor -%}
        {% endfor -%}
        max(figures.value) filter (where figures.metric = 'coverage') as coverage_rate,
        max(figures.value) filter (where figures.metric = 'novelty') as novelty_bits,
        max(figures.as_of_date) as as_of_date
    from figures
    cross join served
    group by figures.test, figures.name
)

select * from recommendation_quality
