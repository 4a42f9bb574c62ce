-- 1. An outcome observed before the unit's assignment is no effect: it is what was known before.
-- 2. One without a time is taken as observed after the assignment.
with outcomes as (
    select * from {{ kept('experiment_outcomes') }}
),

units as (
    select * from {{ ref('experiment_units') }}
),

int_experiment_outcome_values as (
    select
        units.experiment_id,
        units.customer_id,
        outcomes.metric as outcome,
        any_value(units.variant) as variant,
        any_value(units.region) as region,
        any_value(units.buyer_type) as buyer_type,
        count(*) filter (
            outcomes.observed_at is null or outcomes.observed_at >= units.assigned_at
        ) as value_count,
        sum(outcomes.value) filter (
            outcomes.observed_at is null or outcomes.observed_at >= units.assigned_at
        ) as value_sum,
        max(outcomes.value) filter (
            outcomes.observed_at is null or outcomes.observed_at >= units.assigned_at
        ) as value_max,
        count(*) as known_count,
        sum(outcomes.value) as known_sum,
        max(outcomes.value) as known_max
    from outcomes
    inner join units
        on
            outcomes.experiment_id = units.experiment_id
            and outcomes.customer_id = units.customer_id
    where not units.is_excluded and outcomes.metric <> 'exposure'
    group by units.experiment_id, units.customer_id, outcomes.metric
)

select * from int_experiment_outcome_values
