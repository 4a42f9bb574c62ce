-- The Monday check of operations: how the last whole month went, what comes next, and what to do
-- first. One row per action, with the health of the month and the score that is forecast beside it.
with health as (
    select * from {{ ref('operations_health') }}
    where is_complete
    qualify row_number() over (order by month desc) = 1
),

ahead as (
    select * from {{ ref('delivery_forecasts') }}
    where dimension = 'all' and score is not null
    qualify row_number() over (order by month) = 1
)

select
    actions.action_rank,
    actions.priority,
    actions.cause,
    actions.action,
    actions.details,
    round(actions.value_at_stake, 2) as value_at_stake,
    health.month as health_month,
    health.grade as health_grade,
    round(health.score, 1) as health_score,
    ahead.month as next_month,
    round(ahead.score_lower, 1) as next_score_lower,
    round(ahead.score_upper, 1) as next_score_upper
from {{ ref('recommended_actions') }} as actions
left join health on true
left join ahead on true
where actions.domain = 'operations'
order by actions.action_rank
