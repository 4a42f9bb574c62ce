-- The rule tables of experiments agree with themselves: a variant, a role and a step of a rollout
-- stand there once, one variant of an experiment is its control, and shares are shares.
with variants as (
    select * from {{ ref('experiment_variants') }}
),

roles as (
    select * from {{ ref('experiment_metric_roles') }}
),

rollouts as (
    select * from {{ ref('experiment_rollouts') }}
),

faults as (
    select
        'variant twice' as fault,
        experiment_id || ', ' || variant as found
    from variants
    group by experiment_id, variant
    having count(*) > 1
    union all
    select
        'not one control' as fault,
        experiment_id as found
    from variants
    group by experiment_id
    having count(*) filter (is_control) <> 1
    union all
    select
        'no share to give' as fault,
        experiment_id as found
    from variants
    group by experiment_id
    having min(planned_share) < 0 or sum(planned_share) <= 0
    union all
    select
        'role twice' as fault,
        experiment_id || ', ' || metric as found
    from roles
    group by experiment_id, metric
    having count(*) > 1
    union all
    select
        'several primary metrics' as fault,
        experiment_id as found
    from roles
    group by experiment_id
    having count(*) filter (role = 'primary') > 1
    union all
    select
        'step twice, or no share' as fault,
        experiment_id || ', ' || begins_on as found
    from rollouts
    group by experiment_id, begins_on
    having count(*) > 1 or min(traffic_share) < 0 or max(traffic_share) > 1
)

select * from faults
