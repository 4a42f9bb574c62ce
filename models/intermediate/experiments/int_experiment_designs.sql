-- 1. An experiment is one that units were assigned to. One that has no row in the rule table has the
--    settings' window and smallest effect, no planned end, and says that nobody registered it.
-- 2. It is decided by the primary metric of its row; else by the one with the role primary; else,
--    where it has one measured outcome only, by that; else by the default role, unless it has
--    outcomes of its own among which nobody chose.
with experiments as (
    select * from {{ ref('experiments') }}
),

assignments as (
    select * from {{ ref('int_experiment_assignments') }}
),

outcomes as (
    select * from {{ kept('experiment_outcomes') }}
),

roles as (
    select * from {{ ref('experiment_metric_roles') }}
),

settings as (
    select * from {{ ref('int_experiment_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

assigned_experiments as (
    select
        experiment_id,
        cast(min(assigned_at) as date) as first_assigned_on
    from assignments
    group by experiment_id
),

measured_experiments as (
    select
        experiment_id,
        count(distinct metric) as metric_count,
        min(metric) as first_metric
    from outcomes
    where metric <> 'exposure'
    group by experiment_id
),

primary_roles as (
    select
        experiment_id,
        min(metric) as metric
    from roles
    where role = 'primary'
    group by experiment_id
),

int_experiment_designs as (
    select
        assigned_experiments.experiment_id,
        experiments.description,
        coalesce(
            experiments.primary_metric,
            own_role.metric,
            case
                when measured_experiments.metric_count = 1 then measured_experiments.first_metric
                when measured_experiments.metric_count is null then default_role.metric
            end
        ) as primary_metric,
        coalesce(experiments.salt, assigned_experiments.experiment_id) as salt,
        experiments.layer,
        experiments.experiment_id is not null as is_registered,
        coalesce(experiments.ends_on < as_of.as_of_date, false) as is_final,
        coalesce(experiments.layer_from, 0) as layer_from,
        coalesce(experiments.layer_to, 1) as layer_to,
        coalesce(experiments.minimum_effect, settings.minimum_effect) as minimum_effect,
        cast(
            coalesce(experiments.outcome_window_days, settings.outcome_window_days) as bigint
        ) as outcome_window_days,
        coalesce(experiments.starts_on, assigned_experiments.first_assigned_on) as starts_on,
        experiments.ends_on
    from assigned_experiments
    left join experiments
        on assigned_experiments.experiment_id = experiments.experiment_id
    left join measured_experiments
        on assigned_experiments.experiment_id = measured_experiments.experiment_id
    left join primary_roles as own_role
        on assigned_experiments.experiment_id = own_role.experiment_id
    left join primary_roles as default_role on default_role.experiment_id = '(default)'
    cross join settings
    cross join as_of
)

select * from int_experiment_designs
