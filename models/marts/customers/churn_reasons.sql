-- 1. Reasons are compared without regard to case and shown in their most frequent spelling.
-- 2. A share is of all cancellations; it says nothing of how many customers leave (churn_rates).
-- 3. Impact follows from the share (seeds/rules/customers/churn_impacts.csv). What names no reason
--    (seeds/rules/customers/unspecific_reasons.csv) is ranked like the others, and flagged.
-- 4. A cancellation that was rejected has been there: every share has an unknown part.
with cancellations as (
    select * from {{ kept('cancellations') }}
),

impacts as (
    {{ bands(ref('churn_impacts'), 'minimum_share') }}
),

unspecific_reasons as (
    select * from {{ ref('unspecific_reasons') }}
),

spellings as (
    select
        lower(reason) as reason_key,
        reason,
        sum(cancellation_count) as cancellation_count
    from cancellations
    group by all
),

reason_totals as (
    select
        reason_key,
        max_by(reason, (cancellation_count, reason)) as reason,
        cast(sum(cancellation_count) as bigint) as cancellation_count
    from spellings
    group by reason_key
    having sum(cancellation_count) > 0
),

unknown_parts as (
    select count(*) > 0 as has_unknown_part
    from {{ ref('int_rejected_days') }}
    where input_table = 'cancellations'
),

shares as (
    select
        *,
        cast(sum(cancellation_count) over () as bigint) as all_count,
        cancellation_count / sum(cancellation_count) over () as share
    from reason_totals
),

churn_reasons as (
    select
        shares.reason,
        impacts.impact,
        unspecific_reasons.reason is not null as is_unspecific,
        unknown_parts.has_unknown_part,
        rank() over (order by shares.cancellation_count desc) as reason_rank,
        shares.cancellation_count,
        shares.share,
        {{ wilson_lower('shares.cancellation_count', 'shares.all_count') }} as share_lower,
        {{ wilson_upper('shares.cancellation_count', 'shares.all_count') }} as share_upper
    from shares
    inner join impacts
        on shares.share >= impacts.minimum_share and shares.share < impacts.next_bound
    cross join unknown_parts
    left join unspecific_reasons on shares.reason_key = lower(unspecific_reasons.reason)
)

select * from churn_reasons
