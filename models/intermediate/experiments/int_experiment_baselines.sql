-- One row per metric of orders that is a mean: what it is among the customers an experiment would
-- meet, and how much of its variance the same figure before leaves.
with sightings as (
    select * from {{ ref('int_experiment_sightings') }}
),

orders as (
    select * from {{ ref('orders') }}
),

metrics as (
    select * from {{ ref('experiment_metrics') }}
),

settings as (
    select * from {{ ref('int_experiment_settings') }}
),

unit_orders as (
    select
        sightings.customer_id,
        any_value(sightings.as_of_date) as as_of_date,
        count(orders.order_id) filter (
            orders.ordered_at >= sightings.seen_at and orders.is_purchase
        ) as purchases,
        count(orders.order_id) filter (
            orders.ordered_at >= sightings.seen_at and orders.order_status = 'returned'
        ) as returns,
        coalesce(sum(orders.revenue) filter (orders.ordered_at >= sightings.seen_at), 0)
            as net_revenue,
        count(orders.order_id) filter (
            orders.ordered_at < sightings.seen_at and orders.is_purchase
        ) as purchases_before,
        count(orders.order_id) filter (
            orders.ordered_at < sightings.seen_at and orders.order_status = 'returned'
        ) as returns_before,
        coalesce(sum(orders.revenue) filter (orders.ordered_at < sightings.seen_at), 0)
            as net_revenue_before
    from sightings
    cross join settings
    left join orders
        on
            sightings.customer_id = orders.customer_id
            and orders.ordered_at
            < sightings.seen_at + to_days(cast(settings.outcome_window_days as integer))
            and orders.ordered_at
            >= sightings.seen_at - to_days(cast(settings.covariate_days as integer))
    group by sightings.customer_id
),

unit_values as (
    select
        metrics.metric,
        metrics.cap_quantile,
        unit_orders.customer_id,
        unit_orders.as_of_date,
        cast(
            case metrics.numerator
                when 'buyers' then least(unit_orders.purchases, 1)
                when 'purchases' then unit_orders.purchases
                when 'returns' then unit_orders.returns
                else unit_orders.net_revenue
            end as double
        ) as metric_value,
        cast(
            case metrics.numerator
                when 'buyers' then least(unit_orders.purchases_before, 1)
                when 'purchases' then unit_orders.purchases_before
                when 'returns' then unit_orders.returns_before
                else unit_orders.net_revenue_before
            end as double
        ) as value_before
    from metrics
    cross join unit_orders
    where
        metrics.source = 'orders'
        and metrics.kind = 'mean'
        and metrics.numerator in ('buyers', 'purchases', 'returns', 'net_revenue')
),

ranked_values as (
    select
        unit_values.*,
        row_number() over (
            partition by unit_values.metric order by unit_values.metric_value
        ) - count(*) filter (unit_values.metric_value <= 0) over (
            partition by unit_values.metric
        ) as rank_above_zero,
        count(*) filter (unit_values.metric_value > 0) over (partition by unit_values.metric)
            as count_above_zero
    from unit_values
),

caps as (
    select
        metric,
        min(metric_value) filter (rank_above_zero >= cap_quantile * count_above_zero) as cap
    from ranked_values
    where metric_value > 0 and cap_quantile is not null
    group by metric
),

capped_values as (
    select
        unit_values.metric,
        unit_values.customer_id,
        unit_values.as_of_date,
        least(unit_values.metric_value, coalesce(caps.cap, unit_values.metric_value))
            as metric_value,
        unit_values.value_before
    from unit_values
    left join caps on unit_values.metric = caps.metric
),

int_experiment_baselines as (
    select
        metric,
        count(*) as unit_count,
        round(avg(metric_value), 9) as mean,
        round(var_samp(metric_value), 9) as variance,
        round(1 - power(corr(metric_value, value_before), 2), 9) as variance_kept,
        any_value(as_of_date) as as_of_date
    from capped_values
    group by metric
)

select * from int_experiment_baselines
