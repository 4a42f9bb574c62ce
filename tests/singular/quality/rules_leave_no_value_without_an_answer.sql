-- The rule tables agree with the ranges of what they judge: every count, share, score and net
-- reaches a first step, no two steps begin at one value, weights add up to 1, and inventory has a
-- default for every setting.
with steps as (
    select
        'incident_severities' as rule_table,
        minimum_affected_orders as begins_at,
        0 as lowest
    from {{ ref('incident_severities') }}
    union all
    select
        'incident_risk_levels' as rule_table,
        minimum_affected_orders as begins_at,
        0 as lowest
    from {{ ref('incident_risk_levels') }}
    union all
    select
        'churn_impacts' as rule_table,
        minimum_share as begins_at,
        0 as lowest
    from {{ ref('churn_impacts') }}
    union all
    select
        'score_grades' as rule_table,
        minimum_score as begins_at,
        0 as lowest
    from {{ ref('score_grades') }}
    union all
    -- holds above its value, not at it: the lowest net is -1
    select
        'sentiment_assessments' as rule_table,
        above_net_sentiment as begins_at,
        -1 - 1e-9 as lowest
    from {{ ref('sentiment_assessments') }}
    union all
    -- holds above its value, too: a month that is not worse than the one before has a share of 0
    select
        'degradation_severities' as rule_table,
        above_drop_share as begins_at,
        -1e-9 as lowest
    from {{ ref('degradation_severities') }}
),

faulty_steps as (
    select rule_table
    from steps
    group by rule_table
    having min(begins_at) > any_value(lowest) or count(distinct begins_at) < count(*)
),

faulty_weights as (
    select 'delivery_score_parts' as rule_table
    from {{ ref('delivery_score_parts') }}
    having abs(sum(weight) - 1) > 1e-9 or min(weight) < 0 or count(*) <> 3 or min(zero_at) <= 0
),

whole_defaults as (
    select count(*) as row_count
    from {{ ref('inventory_settings') }}
    where
        category = 'default'
        and coalesce(
            service_target + review_period_days + lead_time_days + lead_time_sd_share
            + holding_cost_rate + order_cost + salvage_rate + cover_weeks,
            -1
        ) >= 0
),

missing_defaults as (
    select 'inventory_settings' as rule_table
    from whole_defaults
    where row_count <> 1
)

select * from faulty_steps
union all
select * from faulty_weights
union all
select * from missing_defaults
