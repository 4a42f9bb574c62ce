-- 1. A unit without a row has zero of a metric whose missing values are zero, and was not measured
--    for the others.
-- 2. The covariate is the same metric before the assignment, or the outcome that the metric names as
--    its covariate, whenever that was observed. A ratio has none.
-- 3. A value that is there and unknown (a purchase without price) is a row without value.
with metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

order_outcomes as (
    select * from {{ ref('int_experiment_order_outcomes') }}
),

outcome_values as (
    select * from {{ ref('int_experiment_outcome_values') }}
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

outcome_metrics as (
    select
        outcome_values.experiment_id,
        outcome_values.customer_id,
        outcome_values.variant,
        outcome_values.region,
        outcome_values.buyer_type,
        metrics.metric,
        metrics.kind,
        metrics.denominator as denominator_outcome,
        metrics.covariate,
        outcome_values.value_count,
        case metrics.per_unit
            when 'sum' then outcome_values.value_sum
            when 'max' then outcome_values.value_max
            else outcome_values.value_sum / nullif(outcome_values.value_count, 0)
        end as metric_value,
        case
            when outcome_values.known_count = outcome_values.value_count then null
            when metrics.per_unit = 'sum'
                then outcome_values.known_sum - coalesce(outcome_values.value_sum, 0)
            when metrics.per_unit = 'max' then outcome_values.known_max
            else
                (outcome_values.known_sum - coalesce(outcome_values.value_sum, 0))
                / nullif(outcome_values.known_count - outcome_values.value_count, 0)
        end as value_before
    from outcome_values
    inner join metrics
        on
            outcome_values.experiment_id = metrics.experiment_id
            and outcome_values.outcome = metrics.numerator
    where metrics.source = 'outcomes' and metrics.kind in ('mean', 'ratio')
),

-- only where a metric names another outcome is there a join of units
named_outcomes as (
    select
        outcome_values.experiment_id,
        outcome_values.customer_id,
        outcome_values.outcome,
        outcome_values.value_sum,
        outcome_values.known_sum / nullif(outcome_values.known_count, 0) as known_mean
    from outcome_values
    where outcome_values.outcome in (
            select metrics.denominator from metrics
            union all
            select metrics.covariate from metrics
        )
),

joined_outcomes as (
    select
        outcome_metrics.experiment_id,
        outcome_metrics.customer_id,
        outcome_metrics.variant,
        outcome_metrics.region,
        outcome_metrics.buyer_type,
        outcome_metrics.metric,
        outcome_metrics.kind,
        outcome_metrics.metric_value,
        case
            when outcome_metrics.denominator_outcome = '(count)' then outcome_metrics.value_count
            when outcome_metrics.kind = 'ratio' then coalesce(denominators.value_sum, 0)
        end as denominator,
        case
            when outcome_metrics.covariate is not null then covariates.known_mean
            else outcome_metrics.value_before
        end as value_before
    from outcome_metrics
    left join named_outcomes as denominators
        on
            outcome_metrics.experiment_id = denominators.experiment_id
            and outcome_metrics.customer_id = denominators.customer_id
            and outcome_metrics.denominator_outcome = denominators.outcome
    left join named_outcomes as covariates
        on
            outcome_metrics.experiment_id = covariates.experiment_id
            and outcome_metrics.customer_id = covariates.customer_id
            and outcome_metrics.covariate = covariates.outcome
    where outcome_metrics.value_count > 0
),

all_values as (
    select * from order_values
    union all
    select * from joined_outcomes
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
