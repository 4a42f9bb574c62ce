-- 1. The covariate is the same metric before the assignment, or the outcome that the metric names as
--    its covariate, whenever that was observed. A ratio has none.
with metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

outcome_values as (
    select * from {{ ref('int_experiment_outcome_values') }}
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

measured_outcomes as (
    select
        outcome_metrics.experiment_id,
        outcome_metrics.customer_id,
        outcome_metrics.variant,
        outcome_metrics.region,
        outcome_metrics.buyer_type,
        outcome_metrics.metric,
        outcome_metrics.kind,
        cast(outcome_metrics.metric_value as double) as metric_value,
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
)

select * from measured_outcomes
