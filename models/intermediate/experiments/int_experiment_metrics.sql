-- 1. A metric of orders is one of every experiment; a metric of outcomes where something of the name
--    was measured: its numerator, or its own name.
-- 2. An outcome that no row of experiment_metrics uses is a metric of its own: the mean per unit of
--    the units measured, higher is better; `_p95` at the end of the name makes it that quantile.
-- 3. Of such an outcome whose values are all the same ("clicked": 1), only those who did it were
--    written down: the other units have zero.
with designs as (
    select * from {{ ref('int_experiment_designs') }}
),

metrics as (
    select * from {{ ref('experiment_metrics') }}
),

roles as (
    select * from {{ ref('experiment_metric_roles') }}
),

outcomes as (
    select * from {{ kept('experiment_outcomes') }}
),

outcome_names as (
    select
        outcomes.experiment_id,
        outcomes.metric,
        min(outcomes.value) = max(outcomes.value) and max(outcomes.value) <> 0 as is_event
    from outcomes
    inner join designs on outcomes.experiment_id = designs.experiment_id
    where outcomes.metric <> 'exposure'
    group by outcomes.experiment_id, outcomes.metric
),

registered_metrics as (
    select
        designs.experiment_id,
        metrics.numerator as measured_as,
        metrics.*
    from designs
    cross join metrics
    where metrics.source = 'orders'
    union all
    select
        outcome_names.experiment_id,
        outcome_names.metric as measured_as,
        metrics.*
    from outcome_names
    inner join metrics
        on
            metrics.source = 'outcomes'
            and outcome_names.metric in (metrics.numerator, metrics.metric)
    qualify
        row_number() over (
            partition by outcome_names.experiment_id, metrics.metric
            order by case when outcome_names.metric = metrics.numerator then 0 else 1 end
        ) = 1
),

used_names as (
    select
        experiment_id,
        measured_as as metric
    from registered_metrics
    union
    select
        experiment_id,
        denominator as metric
    from registered_metrics
    union
    select
        experiment_id,
        covariate as metric
    from registered_metrics
),

own_metrics as (
    select
        outcome_names.experiment_id,
        outcome_names.metric,
        outcome_names.is_event,
        regexp_extract(outcome_names.metric, '_p([0-9][0-9])$', 1) as quantile_digits
    from outcome_names
    left join used_names using (experiment_id, metric)
    left join metrics on outcome_names.metric = metrics.metric
    where used_names.metric is null and metrics.metric is null
),

all_metrics as (
    select
        experiment_id,
        metric,
        label,
        unit,
        kind,
        source,
        measured_as as numerator,
        denominator,
        missing_is,
        coalesce(per_unit, 'mean') as per_unit,
        covariate,
        higher_is_better,
        quantile,
        cap_quantile
    from registered_metrics
    union all
    select
        experiment_id,
        metric,
        metric as label,
        'value' as unit,
        case when quantile_digits in ('', '00') then 'mean' else 'quantile' end as kind,
        'outcomes' as source,
        metric as numerator,
        cast(null as varchar) as denominator,
        case when is_event then 'zero' else 'left_out' end as missing_is,
        case when is_event then 'max' else 'mean' end as per_unit,
        cast(null as varchar) as covariate,
        true as higher_is_better,
        cast(nullif(nullif(quantile_digits, ''), '00') as double) / 100 as quantile,
        cast(null as double) as cap_quantile
    from own_metrics
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
