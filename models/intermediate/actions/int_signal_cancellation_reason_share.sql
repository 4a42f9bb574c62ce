-- The reason given most often; the lower end of its interval counts: few cancellations prove little.
with reasons as (
    select
        reasons.*,
        as_of.as_of_date
    from {{ ref('churn_reasons') }} as reasons
    cross join {{ ref('int_as_of') }} as as_of
    where not reasons.is_unspecific and reasons.reason_rank = 1
),

cancellation_reason_share as (
    select
        'cancellation_reason_share' as signal,
        'reason' as entity_type,
        reasons.reason as entity,
        reasons.reason as name,
        cast(null as varchar) as subject,
        reasons.share_lower as value,
        reasons.share as figure,
        cast(null as double) as usual_value,
        reasons.cancellation_count as item_count,
        cast(null as double) as value_at_stake,
        reasons.as_of_date as period
    from reasons
)

select * from cancellation_reason_share
where value is not null
