-- What the values of units came to by the end of each day, as shares of the range of the metric.
with unit_events as (
    select * from {{ ref('int_experiment_unit_events') }}
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

scales as (
    select * from {{ ref('int_experiment_scales') }}
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
)

select * from running_values
