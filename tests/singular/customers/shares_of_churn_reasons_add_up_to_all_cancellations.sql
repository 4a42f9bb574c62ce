-- churn_reasons and the cancellations kept agree: the same number, and shares that add up to 1
-- where there are any.
with reason_totals as (
    select
        coalesce(sum(cancellation_count), 0) as cancellation_count,
        sum(share) as share
    from {{ ref('churn_reasons') }}
),

cancellation_totals as (
    select coalesce(sum(cancellation_count), 0) as cancellation_count
    from {{ kept('cancellations') }}
)

select
    reason_totals.cancellation_count as reason_count,
    cancellation_totals.cancellation_count,
    reason_totals.share
from reason_totals
cross join cancellation_totals
where
    reason_totals.cancellation_count <> cancellation_totals.cancellation_count
    or abs(reason_totals.share - 1) > 1e-9
