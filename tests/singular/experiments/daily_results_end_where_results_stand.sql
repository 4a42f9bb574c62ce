-- experiment_daily_results and experiment_results agree: the sequential interval of the last day is
-- that of the results.
with days as (
    select * from {{ ref('experiment_daily_results') }}
    qualify
        row_number() over (
            partition by experiment_id, variant
            order by day desc
        ) = 1
),

results as (
    select * from {{ ref('experiment_results') }}
    where method = 'sequential' and is_primary and metric_kind = 'mean'
)

select
    days.experiment_id,
    days.variant,
    days.difference_lower,
    results.difference_lower as expected_lower
from days
inner join results
    on days.experiment_id = results.experiment_id and days.variant = results.variant
where
    results.status = 'ok'
    and not coalesce(
        abs(days.difference_lower - results.difference_lower)
        <= 1e-6 * results.standard_error
        and abs(days.difference_upper - results.difference_upper) <= 1e-6 * results.standard_error,
        false
    )
