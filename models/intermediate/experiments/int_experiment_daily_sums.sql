-- 1. Of the primary metric, where it is a mean: what the sums of units' values came to by the end of
--    each day. A unit counts from the day of its assignment, or, where only measured units count,
--    from its first value.
-- 2. What a day adds to a unit's square is the square after less the square before: nothing is added
--    up twice.
with scales as (
    select * from {{ ref('int_experiment_scales') }}
),

units as (
    select * from {{ ref('experiment_units') }}
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
    where is_primary and kind = 'mean' and per_unit in ('sum', 'mean')
),

orders as (
    select * from {{ ref('orders') }}
),

outcomes as (
    select * from {{ kept('experiment_outcomes') }}
),

unit_events as (
    select
        units.experiment_id,
        metrics.metric,
        units.customer_id,
        orders.ordered_on as day,
        sum(
            case
                when metrics.numerator = 'net_revenue' then coalesce(orders.revenue, 0)
                when metrics.numerator = 'returns'
                    then case when orders.order_status = 'returned' then 1 else 0 end
                when orders.is_purchase then 1
                else 0
            end
        ) as amount,
        cast(0 as bigint) as value_count
    from units
    inner join metrics
        on units.experiment_id = metrics.experiment_id and metrics.source = 'orders'
    inner join orders
        on
            units.customer_id = orders.customer_id
            and units.assigned_at <= orders.ordered_at
            and units.window_ends_at > orders.ordered_at
    where
        not units.is_excluded
        and metrics.numerator in ('buyers', 'purchases', 'net_revenue', 'returns')
    group by units.experiment_id, metrics.metric, units.customer_id, orders.ordered_on
    union all
    select
        units.experiment_id,
        metrics.metric,
        units.customer_id,
        cast(coalesce(outcomes.observed_at, units.assigned_at) as date) as day,
        sum(outcomes.value) as amount,
        count(*) as value_count
    from units
    inner join metrics
        on units.experiment_id = metrics.experiment_id and metrics.source = 'outcomes'
    inner join outcomes
        on
            units.experiment_id = outcomes.experiment_id
            and units.customer_id = outcomes.customer_id
            and metrics.numerator = outcomes.metric
            and units.assigned_at <= coalesce(outcomes.observed_at, units.assigned_at)
    where not units.is_excluded
    group by
        units.experiment_id,
        metrics.metric,
        units.customer_id,
        cast(coalesce(outcomes.observed_at, units.assigned_at) as date)
),

running_totals as (
    select
        unit_events.*,
        sum(unit_events.amount) over to_date as amount_to_date,
        sum(unit_events.value_count) over to_date as count_to_date
    from unit_events
    window to_date as (
        partition by unit_events.experiment_id, unit_events.metric, unit_events.customer_id
        order by unit_events.day
    )
),

running_values as (
    select
        running_totals.experiment_id,
        running_totals.metric,
        running_totals.customer_id,
        running_totals.day,
        (
            least(
                case
                    when metrics.numerator = 'buyers' and metrics.source = 'orders'
                        then least(running_totals.amount_to_date, 1)
                    when metrics.source = 'outcomes' and metrics.per_unit <> 'sum'
                        then
                            running_totals.amount_to_date / nullif(running_totals.count_to_date, 0)
                    else running_totals.amount_to_date
                end,
                coalesce(scales.cap, cast('infinity' as double))
            )
            - scales.origin
        ) / scales.scale as share_to_date,
        (0 - scales.origin) / scales.scale as share_of_zero,
        metrics.missing_is = 'zero' as counts_from_assignment
    from running_totals
    inner join metrics using (experiment_id, metric)
    inner join scales using (experiment_id, metric)
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
