-- 1. A unit without a row has zero of a metric whose missing values are zero, and was not measured
--    for the others.
-- 2. The covariate is the same metric before the assignment (of outcomes: int_experiment_measured_outcomes).
-- 3. A value that is there and unknown (a purchase without price) is a row without value.
with metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

order_outcomes as (
    select * from {{ ref('int_experiment_order_outcomes') }}
),

measured_outcomes as (
    select * from {{ ref('int_experiment_measured_outcomes') }}
),

order_values as (
    select
        order_outcomes.experiment_id,
        order_outcomes.customer_id,
        order_outcomes.variant,
        order_outcomes.region,
        order_outcomes.buyer_type,
        metrics.metric,
        metrics.kind,
        {{ order_measure('metrics.numerator') }} as metric_value,
        {{ order_measure('metrics.denominator') }} as denominator,
        case metrics.numerator
            when 'buyers' then least(order_outcomes.purchases_before, 1)
            when 'purchases' then order_outcomes.purchases_before
            when 'net_revenue' then order_outcomes.net_revenue_before
            when 'returns' then order_outcomes.returns_before
            when 'complaints' then order_outcomes.complaints_before
        end as value_before
    from order_outcomes
    inner join metrics on order_outcomes.experiment_id = metrics.experiment_id
    where metrics.source = 'orders' and metrics.kind in ('mean', 'ratio')
),

all_values as (
    select * from order_values
    union all
    select * from measured_outcomes
),

int_experiment_values as (
    select
        experiment_id,
        customer_id,
        metric,
        variant,
        region,
        buyer_type,
        cast(metric_value as double) as metric_value,
        case when kind = 'ratio' then cast(denominator as double) end as denominator,
        case when kind = 'mean' then cast(value_before as double) end as value_before
    from all_values
)

select * from int_experiment_values
