-- The best evidence there is of each campaign: a hold-out by lot comes before difference in differences.
-- 1. The naive difference is to all customers who were not reached.
-- 2. Margins are compared where nearly all are known.
with effects as (
    select * from {{ ref('int_campaign_effects') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

ways as (
    select
        effects.campaign,
        effects.is_by_lot,
        bool_or(effects.is_unbalanced) filter (effects.measure = 'orders') as is_unbalanced,
        bool_or(effects.has_other_trend) as has_other_trend,
        max(effects.customer_count) as customer_count,
        max(effects.compared_count) as compared_count,
        {% for column in ['baseline', 'effect', 'variance', 'compared_variance', 'naive'] -%}
        max(effects.{{ column }}) filter (effects.measure = 'orders') as {{ column }},
        {% endfor -%}
        max(effects.effect) filter (effects.measure = 'revenue') as revenue_effect,
        max(effects.effect) filter (
            effects.measure = 'margin'
            and effects.margin_known_share >= 1 - settings.campaign_most_unknown_margin
        ) as margin_effect,
        max(effects.variance + effects.compared_variance) filter (
            effects.measure = 'revenue'
        ) as revenue_variance,
        max(effects.variance + effects.compared_variance) filter (
            effects.measure = 'margin'
        ) as margin_variance,
        max(max(effects.naive) filter (effects.measure = 'orders' and not effects.is_by_lot))
            over (partition by effects.campaign) as naive_to_others
    from effects
    cross join settings
    group by effects.campaign, effects.is_by_lot
),

best_effects as (
    select
        campaign,
        is_by_lot,
        is_unbalanced,
        has_other_trend,
        customer_count,
        compared_count,
        baseline,
        effect,
        variance,
        compared_variance,
        revenue_effect,
        revenue_variance,
        margin_effect,
        margin_variance,
        coalesce(naive_to_others, naive) as naive_difference
    from ways
    qualify
        row_number() over (
            partition by campaign order by case when is_by_lot then 0 else 1 end
        ) = 1
)

select * from best_effects
