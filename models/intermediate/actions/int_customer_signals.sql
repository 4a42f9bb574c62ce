-- What the playbook may act on with customers, as of today or of the last complete month.
-- 1. At stake in a segment is what the lifetime values of those at High or Critical risk would lose.
-- 2. A reason counts with the lower end of its interval: few cancellations prove little.
-- 3. Losses rise where the lower end of the month's rate lies above the mean of the year before.
with customers as (
    select
        segment,
        strategy,
        -- a sum of decimals is the same in any order
        cast(value_at_stake as decimal(18, 4)) as value_at_stake
    from {{ ref('customer_360') }}
    where risk_class in ('High', 'Critical') and segment is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

segments as (
    select
        'segment_value_at_risk' as signal,
        'segment' as entity_type,
        customers.segment as entity,
        max(customers.strategy) as subject,
        cast(sum(customers.value_at_stake) as double)
        / nullif(cast(sum(sum(customers.value_at_stake)) over () as double), 0) as value,
        cast(null as double) as usual_value,
        count(*) as item_count,
        cast(sum(customers.value_at_stake) as double) as value_at_stake,
        as_of.as_of_date as period
    from customers
    cross join as_of
    group by customers.segment, as_of.as_of_date
),

reasons as (
    select
        'cancellation_reason_share' as signal,
        'reason' as entity_type,
        reasons.reason as entity,
        reasons.impact as subject,
        reasons.share_lower as value,
        cast(null as double) as usual_value,
        reasons.cancellation_count as item_count,
        cast(null as double) as value_at_stake,
        as_of.as_of_date as period
    from {{ ref('churn_reasons') }} as reasons
    cross join as_of
    where not reasons.is_unspecific and reasons.reason_rank = 1
),

rates as (
    select
        *,
        avg(churn_rate) over (order by month rows between 12 preceding and 1 preceding)
            as usual_rate
    from {{ ref('churn_rates') }}
    where is_complete
),

losses as (
    select
        'churn_rate_rise' as signal,
        'all' as entity_type,
        'all' as entity,
        cast(null as varchar) as subject,
        rates.churn_rate_lower - rates.usual_rate as value,
        rates.usual_rate as usual_value,
        rates.lost_count as item_count,
        cast(null as double) as value_at_stake,
        rates.month as period
    from rates
    inner join as_of on rates.month = as_of.last_month
),

customer_signals as (
    select * from segments
    union all
    select * from reasons
    union all
    select * from losses
)

select * from customer_signals
where value is not null
