-- 1. A capped metric's values above the cap count as the cap: the quantile of the values above zero
--    of all variants together, so that the cap does not depend on the variant.
-- 2. Values are added up as shares of the range they lie in, as decimals: so sums are the same in
--    any order and in any currency, and a large mean takes nothing from the variance.
with experiment_values as (
    select * from {{ ref('int_experiment_values') }}
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

ranked_values as (
    select
        experiment_values.experiment_id,
        experiment_values.metric,
        experiment_values.metric_value,
        row_number() over by_value / cast(count(*) over of_metric as double) as value_rank,
        metrics.cap_quantile
    from experiment_values
    inner join metrics
        on
            experiment_values.experiment_id = metrics.experiment_id
            and experiment_values.metric = metrics.metric
    where metrics.cap_quantile is not null and experiment_values.metric_value > 0
    window
        by_value as (
            partition by experiment_values.experiment_id, experiment_values.metric
            order by experiment_values.metric_value
        ),
        of_metric as (partition by experiment_values.experiment_id, experiment_values.metric)
),

ranked_values_before as (
    select
        experiment_values.experiment_id,
        experiment_values.metric,
        experiment_values.value_before,
        row_number() over by_value / cast(count(*) over of_metric as double) as value_rank,
        metrics.cap_quantile
    from experiment_values
    inner join metrics
        on
            experiment_values.experiment_id = metrics.experiment_id
            and experiment_values.metric = metrics.metric
    where metrics.cap_quantile is not null and experiment_values.value_before > 0
    window
        by_value as (
            partition by experiment_values.experiment_id, experiment_values.metric
            order by experiment_values.value_before
        ),
        of_metric as (partition by experiment_values.experiment_id, experiment_values.metric)
),

caps as (
    select
        experiment_id,
        metric,
        min(metric_value) filter (value_rank >= cap_quantile) as cap
    from ranked_values
    group by experiment_id, metric
),

caps_before as (
    select
        experiment_id,
        metric,
        min(value_before) filter (value_rank >= cap_quantile) as cap_before
    from ranked_values_before
    group by experiment_id, metric
),

ranges as (
    select
        experiment_id,
        metric,
        min(metric_value) as lowest,
        max(metric_value) as highest,
        min(value_before) as lowest_before,
        max(value_before) as highest_before,
        max(abs(denominator)) as highest_denominator,
        count(*) filter (metric_value not in (0, 1)) = 0 as is_share
    from experiment_values
    group by experiment_id, metric
),

int_experiment_scales as (
    select
        ranges.experiment_id,
        ranges.metric,
        ranges.is_share,
        caps.cap,
        caps_before.cap_before,
        case
            when metrics.missing_is = 'zero' then least(ranges.lowest, 0) else ranges.lowest
        end as origin,
        case
            when metrics.missing_is = 'zero' then least(ranges.lowest_before, 0)
            else ranges.lowest_before
        end as origin_before,
        coalesce(
            nullif(
                case
                    when metrics.missing_is = 'zero'
                        then greatest(ranges.highest, 0) - least(ranges.lowest, 0)
                    else ranges.highest - ranges.lowest
                end,
                0
            ),
            1
        ) as scale,
        coalesce(
            nullif(
                case
                    when metrics.missing_is = 'zero'
                        then greatest(ranges.highest_before, 0) - least(ranges.lowest_before, 0)
                    else ranges.highest_before - ranges.lowest_before
                end,
                0
            ),
            1
        ) as scale_before,
        coalesce(nullif(ranges.highest_denominator, 0), 1) as scale_denominator
    from ranges
    inner join metrics
        on ranges.experiment_id = metrics.experiment_id and ranges.metric = metrics.metric
    left join caps on ranges.experiment_id = caps.experiment_id and ranges.metric = caps.metric
    left join caps_before
        on
            ranges.experiment_id = caps_before.experiment_id
            and ranges.metric = caps_before.metric
)

select * from int_experiment_scales
