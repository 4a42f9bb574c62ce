-- The metrics of an experiment (int_experiment_named_metrics) with the part that each plays in it: by
-- its own row of experiment_metric_roles, else by that of `(default)`.
with all_metrics as (
    select * from {{ ref('int_experiment_named_metrics') }}
),

designs as (
    select * from {{ ref('int_experiment_designs') }}
),

roles as (
    select * from {{ ref('experiment_metric_roles') }}
),

int_experiment_metrics as (
    select
        all_metrics.experiment_id,
        all_metrics.metric,
        all_metrics.label,
        all_metrics.unit,
        all_metrics.kind,
        all_metrics.source,
        all_metrics.numerator,
        all_metrics.denominator,
        all_metrics.missing_is,
        all_metrics.per_unit,
        all_metrics.covariate,
        all_metrics.higher_is_better,
        coalesce(all_metrics.metric = designs.primary_metric, false) as is_primary,
        coalesce(own_role.role, default_role.role, '') = 'guardrail'
        and coalesce(all_metrics.metric <> designs.primary_metric, true) as is_guardrail,
        all_metrics.quantile,
        all_metrics.cap_quantile,
        coalesce(own_role.margin, default_role.margin) as margin,
        coalesce(own_role.weight, default_role.weight, 0) as weight
    from all_metrics
    inner join designs using (experiment_id)
    left join roles as own_role using (experiment_id, metric)
    left join roles as default_role
        on default_role.experiment_id = '(default)' and all_metrics.metric = default_role.metric
)

select * from int_experiment_metrics
