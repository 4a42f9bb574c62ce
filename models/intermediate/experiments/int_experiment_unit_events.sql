-- Of the primary metric, where it is a mean: what each day brought of each unit, from its assignment on.
with units as (
    select * from {{ ref('experiment_units') }}
    where not is_excluded
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
    where metrics.numerator in ('buyers', 'purchases', 'net_revenue', 'returns')
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
    group by
        units.experiment_id,
        metrics.metric,
        units.customer_id,
        cast(coalesce(outcomes.observed_at, units.assigned_at) as date)
)

select * from unit_events
