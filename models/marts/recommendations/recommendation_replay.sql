-- A replay says what lists of another make would have held of baskets that were bought without them:
-- a simulation, for a list that is seen changes what is bought.
with figures as (
    select * from {{ ref('recommendation_backtest') }}
    where part = 'replay'
),

recommendation_replay as (
    select
        name as variant,
        replace(metric, '_difference', '') as metric,
        true as is_simulation,
        max(row_count) as customer_count,
        {% for kind, condition in [('value', 'not like'), ('difference', 'like')] -%}
        {% for suffix in ['', '_lower', '_upper'] -%}
        max(value{{ suffix }}) filter (where metric {{ condition }} '%difference')
            as {{ kind }}{{ suffix }},
        {% endfor -%}
        {% endfor -%}
        max(as_of_date) as as_of_date
    from figures
    group by name, replace(metric, '_difference', '')
)

select * from recommendation_replay
