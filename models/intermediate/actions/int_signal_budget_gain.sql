-- What moving the budget gains per week beyond doubt, where it is recommended; at stake is a year of
-- what it is expected to gain.
with recommendations as (
    select * from {{ ref('budget_recommendations') }}
    where status = 'move'
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

plans as (
    select
        max(plan_gain_lower) as gain_lower,
        max(plan_gain) as gain,
        max_by(channel, recommended_spend - current_spend) as most_raised,
        count(*) as channel_count
    from recommendations
),

budget_gain as (
    select
        'budget_gain' as signal,
        'all' as entity_type,
        'all' as entity,
        cast(null as varchar) as name,
        plans.most_raised as subject,
        plans.gain_lower as value,
        plans.gain as figure,
        cast(null as double) as usual_value,
        plans.channel_count as item_count,
        52 * plans.gain as value_at_stake,
        as_of.as_of_date as period
    from plans
    cross join as_of
)

select * from budget_gain
where value is not null
