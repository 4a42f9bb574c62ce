-- 1. A day's planned share is the largest of the steps begun by then: a step back takes nobody out
--    (experiment `e`, .5 from Monday, .2 from Friday: .5 on Saturday). Without steps, everybody.
-- 2. Days run from the first to the planned last; without one, to the last day of an assignment.
with designs as (
    select * from {{ ref('int_experiment_designs') }}
),

rollouts as (
    select * from {{ ref('experiment_rollouts') }}
),

units as (
    select * from {{ ref('experiment_units') }}
),

assigned_days as (
    select
        experiment_id,
        {{ shop_day('assigned_at') }} as day,
        count(*) as assigned_count
    from units
    where not is_excluded
    group by experiment_id, {{ shop_day('assigned_at') }}
),

spans as (
    select
        designs.experiment_id,
        designs.starts_on,
        greatest(
            coalesce(designs.ends_on, max(assigned_days.day), designs.starts_on), designs.starts_on
        ) as last_day
    from designs
    left join assigned_days on designs.experiment_id = assigned_days.experiment_id
    group by designs.experiment_id, designs.starts_on, designs.ends_on
),

experiment_days as (
    select
        experiment_id,
        unnest(generate_series(starts_on, last_day, interval 1 day)) as day
    from spans
),

step_shares as (
    select
        experiment_days.experiment_id,
        cast(experiment_days.day as date) as day,
        max(rollouts.traffic_share) as traffic_share
    from experiment_days
    left join rollouts
        on
            experiment_days.experiment_id = rollouts.experiment_id
            and rollouts.begins_on <= cast(experiment_days.day as date)
    group by experiment_days.experiment_id, cast(experiment_days.day as date)
),

stepped_experiments as (
    select distinct experiment_id
    from rollouts
),

rollout_schedule as (
    select
        step_shares.experiment_id,
        step_shares.day <= as_of.as_of_date as is_past,
        case
            when stepped_experiments.experiment_id is null then 1
            else coalesce(step_shares.traffic_share, 0)
        end as planned_share,
        coalesce(assigned_days.assigned_count, 0) as assigned_count,
        cast(
            sum(coalesce(assigned_days.assigned_count, 0)) over (
                partition by step_shares.experiment_id
                order by step_shares.day
            ) as bigint
        ) as assigned_to_date,
        step_shares.day
    from step_shares
    cross join {{ ref('int_as_of') }} as as_of
    left join stepped_experiments
        on step_shares.experiment_id = stepped_experiments.experiment_id
    left join assigned_days
        on
            step_shares.experiment_id = assigned_days.experiment_id
            and step_shares.day = assigned_days.day
)

select * from rollout_schedule
