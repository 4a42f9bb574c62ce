-- 1. A row per experiment, metric, variant, region and buyer type: what is needed for every
--    comparison, as sums and sums of squares of values, covariates and denominators.
-- 2. Sums are those of shares of the metric's range (int_experiment_scales), for the units that have
--    a row; what the others count as is added where the sums are read.
with experiment_values as (
    select * from {{ ref('int_experiment_values') }}
),

scales as (
    select * from {{ ref('int_experiment_scales') }}
),

scaled_values as (
    select
        experiment_values.experiment_id,
        experiment_values.metric,
        experiment_values.variant,
        experiment_values.region,
        experiment_values.buyer_type,
        (
            case
                when experiment_values.metric_value > scales.cap then scales.cap
                else experiment_values.metric_value
            end
            - scales.origin
        ) / scales.scale as metric_value,
        (
            case
                when experiment_values.value_before > scales.cap_before then scales.cap_before
                else experiment_values.value_before
            end
            - scales.origin_before
        ) / scales.scale_before as value_before,
        experiment_values.denominator / scales.scale_denominator as denominator
    from experiment_values
    inner join scales
        on
            experiment_values.experiment_id = scales.experiment_id
            and experiment_values.metric = scales.metric
),

int_experiment_sums as (
    select
        experiment_id,
        metric,
        variant,
        region,
        buyer_type,
        count(*) as row_count,
        count(metric_value) as value_count,
        count(value_before) filter (metric_value is not null) as before_count,
        {{ exact_sum('metric_value') }} as value_sum,
        {{ exact_sum('metric_value * metric_value') }} as value_squares,
        {{ exact_sum('value_before', 'metric_value is not null') }} as before_sum,
        {{ exact_sum('value_before * value_before', 'metric_value is not null') }}
            as before_squares,
        {{ exact_sum('metric_value * value_before') }} as value_before_products,
        {{ exact_sum('metric_value', 'value_before is not null') }} as value_sum_with_before,
        {{ exact_sum('denominator', 'metric_value is not null') }} as denominator_sum,
        {{ exact_sum('denominator * denominator', 'metric_value is not null') }}
            as denominator_squares,
        {{ exact_sum('metric_value * denominator') }} as value_denominator_products
    from scaled_values
    group by experiment_id, metric, variant, region, buyer_type
)

select * from int_experiment_sums
