-- 1. Of the primary metric, where it is a mean: what the sums of units' values came to by the end of
--    each day. A unit counts from the day of its assignment, or, where only measured units count,
--    from its first value.
-- 2. What a day adds to a unit's square is the square after less the square before: nothing is added
--    up twice.
with running_values as (
    select * from {{ ref('int_experiment_running_values') }}
),

scales as (
    select * from {{ ref('int_experiment_scales') }}
),

units as (
    select * from {{ ref('experiment_units') }}
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
    where is_primary and kind = 'mean' and per_unit in ('sum', 'mean')
),

steps as (
    select
        running_values.*,
        lag(running_values.share_to_date) over (
            partition by
                running_values.experiment_id, running_values.metric, running_values.customer_id
            order by running_values.day
        ) as share_before
    from running_values
),

value_steps as (
    select
        steps.experiment_id,
        steps.metric,
        units.variant,
        steps.day,
        count(*) filter (
            steps.share_before is null and not steps.counts_from_assignment
        ) as unit_count,
        {{ exact_sum(
            'steps.share_to_date - coalesce(steps.share_before, '
            ~ 'case when steps.counts_from_assignment then steps.share_of_zero else 0 end)',
            wide=true
        ) }} as value_sum,
        {{ exact_sum(
            'steps.share_to_date * steps.share_to_date - coalesce('
            ~ 'steps.share_before * steps.share_before, case when steps.counts_from_assignment '
            ~ 'then steps.share_of_zero * steps.share_of_zero else 0 end)',
            wide=true
        ) }} as value_squares
    from steps
    inner join units using (experiment_id, customer_id)
    group by steps.experiment_id, steps.metric, units.variant, steps.day
),

assignment_steps as (
    select
        units.experiment_id,
        metrics.metric,
        units.variant,
        {{ shop_day('units.assigned_at') }} as day,
        count(*) as unit_count,
        {{ exact_sum('- scales.origin / scales.scale', wide=true) }} as value_sum,
        {{ exact_sum(
            'scales.origin * scales.origin'
            ~ ' / scales.scale / scales.scale',
            wide=true
        ) }} as value_squares
    from units
    inner join metrics
        on units.experiment_id = metrics.experiment_id and metrics.missing_is = 'zero'
    inner join scales
        on metrics.experiment_id = scales.experiment_id and metrics.metric = scales.metric
    where not units.is_excluded
    group by units.experiment_id, metrics.metric, units.variant, {{ shop_day('units.assigned_at') }}
),

all_steps as (
    select * from value_steps
    union all
    select * from assignment_steps
),

int_experiment_daily_sums as (
    select
        experiment_id,
        metric,
        variant,
        cast(sum(unit_count) as bigint) as unit_count,
        sum(value_sum) as value_sum,
        sum(value_squares) as value_squares,
        day
    from all_steps
    group by experiment_id, metric, variant, day
)

select * from int_experiment_daily_sums
