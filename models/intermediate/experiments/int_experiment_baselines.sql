-- One row per metric of orders that is a mean: what it is among the customers an experiment would
-- meet, and how much of its variance the same figure before leaves.
with unit_orders as (
    select
        sightings.customer_id,
        {% for end, when in {'': '>=', '_before': '<'}.items() -%}
        count(orders.order_id) filter (
            orders.ordered_at {{ when }} sightings.seen_at and orders.is_purchase
        ) as purchases{{ end }},
        count(orders.order_id) filter (
            orders.ordered_at {{ when }} sightings.seen_at and orders.order_status = 'returned'
        ) as returns{{ end }},
        coalesce(sum(orders.revenue) filter (orders.ordered_at {{ when }} sightings.seen_at), 0)
            as net_revenue{{ end }},
        {% endfor -%}
        any_value(sightings.as_of_date) as as_of_date
    from {{ ref('int_experiment_sightings') }} as sightings
    cross join {{ ref('int_experiment_settings') }} as settings
    left join {{ ref('orders') }} as orders
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
        {% for end, value in {'': 'metric_value', '_before': 'value_before'}.items() -%}
        cast(
            case metrics.numerator
                when 'buyers' then least(unit_orders.purchases{{ end }}, 1)
                when 'purchases' then unit_orders.purchases{{ end }}
                when 'returns' then unit_orders.returns{{ end }}
                else unit_orders.net_revenue{{ end }}
            end as double
        ) as {{ value }},
        {% endfor -%}
        unit_orders.as_of_date
    from {{ ref('experiment_metrics') }} as metrics
    cross join unit_orders
    where
        metrics.source = 'orders'
        and metrics.kind = 'mean'
        and metrics.numerator in ('buyers', 'purchases', 'returns', 'net_revenue')
),

ranked_values as (
    select
        metric,
        metric_value,
        row_number() over (
            partition by metric
            order by metric_value
        ) as value_rank,
        cap_quantile * count(*) over (partition by metric) as cap_rank
    from unit_values
    where metric_value > 0 and cap_quantile is not null
),

caps as (
    select
        metric,
        min(metric_value) filter (value_rank >= cap_rank) as cap
    from ranked_values
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
        round({{ decimal_sum('metric_value') }} / count(*), 9) as mean,
        round(var_samp(metric_value), 6) as variance,
        round(1 - power(corr(metric_value, value_before), 2), 9) as variance_kept,
        any_value(as_of_date) as as_of_date
    from capped_values
    group by metric
)

select * from int_experiment_baselines
