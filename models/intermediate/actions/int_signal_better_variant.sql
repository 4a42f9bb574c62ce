-- A winner is worth its change of revenue per customer, for as many customers as the test had, over
-- the days that it measured; nothing where revenue was not shown to have grown.
with decisions as (
    select * from {{ ref('experiment_decisions') }}
),

results as (
    select * from {{ ref('experiment_results') }}
),

revenue_gains as (
    select
        experiment_id,
        variant,
        difference * (unit_count + control_unit_count) as gain
    from results
    where metric = 'revenue' and method = 'cuped_sequential' and difference_lower > 0
),

better_variant as (
    select
        'better_variant' as signal,
        'experiment' as entity_type,
        decisions.experiment_id as entity,
        decisions.experiment_id as name,
        -- the text of the action ends the sentence
        decisions.variant || ': ' || rtrim(decisions.reason, '.') as subject,
        abs(decisions.relative_difference) as value,
        abs(decisions.relative_difference) as figure,
        cast(null as double) as usual_value,
        cast(null as bigint) as item_count,
        revenue_gains.gain as value_at_stake,
        decisions.as_of_date as period
    from decisions
    left join revenue_gains
        on
            decisions.experiment_id = revenue_gains.experiment_id
            and decisions.variant = revenue_gains.variant
    where decisions.is_winner
)

select * from better_variant
where value is not null
