-- Over its replay no series is served by what erred more than a tenth above the naive forecast it is
-- held against: less than that is luck of a few past months, after which the combination does better
-- more often than not (docs/decisions.md). Both are measured on the same outcomes, and the choice is
-- made on them: it says that the rule is kept, not how much is gained on months to come.
with errors as (
    select
        metric,
        dimension,
        entity,
        sum(mae * origin_count) as total_error,
        sum(baseline_mae * origin_count) as total_baseline_error,
        max(combination_relative_mae) as combination_relative_mae,
        max(method) as method
    from {{ ref('metric_forecast_backtest') }}
    where status = 'ok'
    group by all
)

select *
from errors
where
    coalesce(total_error > 1.1 * total_baseline_error * (1 + 1e-9), true)
    or (method = 'combination') <> coalesce(combination_relative_mae < 1.1, false)
