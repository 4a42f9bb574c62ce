-- 1. An outcome observed before the unit's assignment is no effect: it is what was known before.
-- 2. One without a time is taken as observed after the assignment.
-- 3. One that was rejected has been there: what the unit's outcomes come to is not known.
{%- set known = 'count(*) = count(*) filter (is_known)' %}
{%- set known_after = 'count(*) filter (is_after) = count(*) filter (is_after and is_known)' %}
with outcomes as (
    select * from {{ kept_or_rejected('experiment_outcomes') }}
),

units as (
    select * from {{ ref('experiment_units') }}
),

unit_outcomes as (
    select
        units.experiment_id,
        units.customer_id,
        units.variant,
        units.region,
        units.buyer_type,
        outcomes.metric as outcome,
        outcomes.value,
        outcomes.reasons is null as is_known,
        outcomes.observed_at is null or outcomes.observed_at >= units.assigned_at as is_after
    from outcomes
    inner join units
        on
            outcomes.experiment_id = units.experiment_id
            and outcomes.customer_id = units.customer_id
    where not units.is_excluded and outcomes.metric <> 'exposure'
),

outcome_values as (
    select
        experiment_id,
        customer_id,
        outcome,
        any_value(variant) as variant,
        any_value(region) as region,
        any_value(buyer_type) as buyer_type,
        count(*) filter (is_after) as value_count,
        case when {{ known_after }} then sum(value) filter (is_after) end as value_sum,
        case when {{ known_after }} then max(value) filter (is_after) end as value_max,
        count(*) as known_count,
        case when {{ known }} then sum(value) end as known_sum,
        case when {{ known }} then max(value) end as known_max
    from unit_outcomes
    group by experiment_id, customer_id, outcome
)

select * from outcome_values
