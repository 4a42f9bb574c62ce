-- 1. Of a metric that is a quantile, the measured values whose ranks lie within five standard
--    errors of it: more a bootstrap never reaches.
-- 2. The standard error of the rank is that between units: the values of a unit go together.
with outcomes as (
    select * from {{ kept('experiment_outcomes') }}
),

units as (
    select * from {{ ref('experiment_units') }}
    where not is_excluded
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
    where kind = 'quantile'
),

ranked_values as (
    select
        units.experiment_id,
        metrics.metric,
        units.variant,
        units.customer_id,
        outcomes.value as measured,
        metrics.quantile,
        row_number() over (
            partition by units.experiment_id, metrics.metric, units.variant
            order by outcomes.value, units.customer_id
        ) as value_rank,
        count(*) over (partition by units.experiment_id, metrics.metric, units.variant)
            as value_count
    from outcomes
    inner join units using (experiment_id, customer_id)
    inner join metrics
        on units.experiment_id = metrics.experiment_id and outcomes.metric = metrics.numerator
    where outcomes.observed_at is null or outcomes.observed_at >= units.assigned_at
),

centres as (
    select
        experiment_id,
        metric,
        variant,
        max(measured) filter (value_rank = ceil(quantile * value_count)) as centre
    from ranked_values
    group by all
),

unit_hits as (
    select
        ranked_values.experiment_id,
        ranked_values.metric,
        ranked_values.variant,
        ranked_values.customer_id,
        any_value(ranked_values.value_count) as value_count,
        count(*) filter (ranked_values.measured <= centres.centre)
        - any_value(ranked_values.quantile) * count(*) as surplus
    from ranked_values
    inner join centres using (experiment_id, metric, variant)
    group by all
),

spreads as (
    select
        experiment_id,
        metric,
        variant,
        count(*) as unit_count,
        count(*) * (
            sum(cast(surplus * surplus as decimal(38, 12)))
            - sum(cast(surplus as decimal(38, 12))) * (sum(cast(surplus as double)) / count(*))
        ) / nullif(count(*) - 1, 0)
        / any_value(cast(value_count as double) * value_count) as share_variance
    from unit_hits
    group by experiment_id, metric, variant
),

int_experiment_quantile_points as (
    select
        ranked_values.experiment_id,
        ranked_values.metric,
        ranked_values.variant,
        spreads.unit_count,
        ranked_values.value_count,
        ranked_values.value_rank,
        ranked_values.quantile,
        cast(spreads.share_variance as double) as share_variance,
        cast(centres.centre as double) as estimate,
        cast(ranked_values.measured as double) as measured
    from ranked_values
    inner join centres using (experiment_id, metric, variant)
    inner join spreads using (experiment_id, metric, variant)
    where
        abs(ranked_values.value_rank - ranked_values.quantile * ranked_values.value_count)
        <= 2
        + 5 * coalesce(sqrt(greatest(spreads.share_variance, 0)), 0) * ranked_values.value_count
)

select * from int_experiment_quantile_points
