-- 1. Churn risks and lifetime values keep what served until another model is surely better
--    (src/retail_analytics/statistics/champions.py); what they decided is read here.
-- 2. The other measured models choose in every build, per series or product, and give way at once.
-- 3. Without a backtest nothing was decided: what serves is the usual model, and need not be beaten.
-- 4. Since when a model serves is remembered from the published file.
with measures as (
    select * from {{ ref('int_model_measures') }}
),

reigns as (
    select * from {{ ref('int_model_reigns') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
    where as_of_date is not null
),

{% set decided = {
    'customer_churn_risks': (ref('churn_backtest'), ref('churn_coefficients')),
    'customer_lifetime_values': (ref('clv_backtest'), ref('clv_group_scores')),
} -%}
stated as (
    {% for mart, (backtest, scores) in decided.items() -%}
    select
        '{{ mart }}' as mart,
        max(method) as served_model,
        cast(null as varchar) as decision
    from {{ scores }}
    union all
    select
        '{{ mart }}' as mart,
        cast(null as varchar) as served_model,
        max(decision) as decision
    from {{ backtest }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

decisions as (
    select
        mart,
        max(served_model) as served_model,
        max(decision) as decision
    from stated
    group by mart
),

champions as (
    select
        mart,
        coalesce(decision ->> '$.champion', served_model, 'none') as champion,
        coalesce(served_model, 'none') as served_model,
        decision ->> '$.baseline' as baseline,
        coalesce(decision ->> '$.reason', 'no_backtest') as reason,
        {% for name in ['champion_before', 'challenger', 'pinned'] -%}
        decision ->> '$.{{ name }}' as {{ name }},
        {% endfor -%}
        {% for gain in ['gain', 'gain_lower', 'gain_upper'] -%}
        cast(decision ->> '$.{{ gain }}' as double) as {{ gain }},
        {% endfor -%}
        coalesce(cast(decision ->> '$.worse_builds' as bigint), 0) as worse_builds,
        coalesce(cast(decision ->> '$.worse_builds_before' as bigint), 0) as worse_builds_before
    from decisions
    union all
    select
        mart,
        coalesce(max(case when is_serving then model end), min(baseline)) as champion,
        coalesce(max(case when is_serving then model end), min(baseline)) as served_model,
        min(baseline) as baseline,
        case
            when max(baseline) in ('stated', 'allowed') then 'only_model'
            else 'chosen_in_this_build'
        end as reason,
        {% for name in ['champion_before', 'challenger', 'pinned'] -%}
        cast(null as varchar) as {{ name }},
        {% endfor -%}
        {% for gain in ['gain', 'gain_lower', 'gain_upper'] -%}
        cast(null as double) as {{ gain }},
        {% endfor -%}
        0 as worse_builds,
        0 as worse_builds_before
    from measures
    where mart not in ({{ "'" ~ decided.keys() | join("', '") ~ "'" }})
    group by mart, case when mart = 'inventory_levels' then model end
),

model_champions as (
    select
        champions.*,
        coalesce(reigns.champion_since, as_of.as_of_date) as champion_since,
        coalesce(as_of.first_event_on, as_of.as_of_date) as history_from,
        as_of.as_of_date
    from champions
    cross join as_of
    left join reigns
        on champions.mart = reigns.mart and champions.champion = reigns.last_champion
)

select * from model_champions
