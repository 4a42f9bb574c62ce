-- 1. A metric of orders is one of every experiment; a metric of outcomes where something of the name
--    was measured: its numerator, or its own name.
-- 2. An outcome that no row of experiment_metrics uses is a metric of its own: the mean per unit of
--    the units measured, higher is better; `_p95` at the end of the name makes it that quantile.
-- 3. Of such an outcome whose values are all the same ("clicked": 1), only those who did it were
--    written down: the other units have zero.
with metrics as (
    select * from {{ ref('experiment_metrics') }}
),

outcome_names as (
    select
        designs.experiment_id,
        outcomes.metric,
        min(outcomes.value) = max(outcomes.value) and max(outcomes.value) <> 0 as is_event
    from {{ kept('experiment_outcomes') }} as outcomes
    inner join {{ ref('int_experiment_designs') }} as designs using (experiment_id)
    where outcomes.metric <> 'exposure'
    group by designs.experiment_id, outcomes.metric
),

registered_metrics as (
    select
        designs.experiment_id,
        metrics.numerator as measured_as,
        metrics.*
    from {{ ref('int_experiment_designs') }} as designs
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
        unnest([measured_as, denominator, covariate]) as metric
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

named_metrics as (
    select
        {% for column in ['experiment_id', 'metric', 'label', 'unit', 'kind', 'source'] -%}
        {{ column }},
        {% endfor -%}
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
)

select * from named_metrics
