-- 1. A customer counts at an age only once that month of age has been lived to its end: who is too
--    young is in neither part of a share.
-- 2. The retained share is the Kaplan-Meier estimate (1958) of still being a customer: those lost
--    at their last purchase's age are losses, all others are censored there. Its interval is
--    Greenwood's (1926).
with customer_ages as (
    select * from {{ ref('int_cohort_customers') }}
),

cohort_customers as (
    select distinct
        customer_id,
        cohort_month,
        last_order_age_months,
        complete_ages,
        is_lost
    from customer_ages
),

cohort_sizes as (
    select
        cohort_month,
        count(*) as cohort_size,
        max(complete_ages) as oldest_age
    from cohort_customers
    group by cohort_month
),

cohort_ages as (
    select
        cohort_month,
        cohort_size,
        unnest(range(greatest(oldest_age, 1))) as age_months
    from cohort_sizes
),

observed as (
    select
        cohort_ages.cohort_month,
        cohort_ages.age_months,
        any_value(cohort_ages.cohort_size) as cohort_size,
        count(*) filter (cohort_customers.complete_ages > cohort_ages.age_months) as observed_count,
        count(*) filter (cohort_customers.last_order_age_months >= cohort_ages.age_months)
            as at_risk_count,
        count(*) filter (
            cohort_customers.is_lost
            and cohort_customers.last_order_age_months = cohort_ages.age_months
        ) as lost_count
    from cohort_ages
    inner join cohort_customers on cohort_ages.cohort_month = cohort_customers.cohort_month
    group by all
),

active as (
    select
        cohort_month,
        age_months,
        count(*) as active_count
    from customer_ages
    where order_count > 0 and complete_ages > age_months
    group by all
),

survival as (
    select
        *,
        exp(sum(case
            when at_risk_count > lost_count then ln(1 - lost_count / at_risk_count)
            when at_risk_count > 0 then -1e9
            else 0
        end) over ages) as retained_share,
        sum(case
            when at_risk_count > lost_count
                then lost_count / (cast(at_risk_count as double) * (at_risk_count - lost_count))
            else 0
        end) over ages as greenwood_sum
    from observed
    window ages as (
        partition by cohort_month
        order by age_months
        rows between unbounded preceding and current row
    )
),

cohort_retention as (
    select
        survival.observed_count = survival.cohort_size as is_complete,
        survival.age_months,
        survival.cohort_size,
        survival.observed_count,
        coalesce(active.active_count, 0) as active_count,
        coalesce(active.active_count, 0) / nullif(survival.observed_count, 0) as active_share,
        {{ wilson_lower('coalesce(active.active_count, 0)', 'survival.observed_count') }}
            as active_share_lower,
        {{ wilson_upper('coalesce(active.active_count, 0)', 'survival.observed_count') }}
            as active_share_upper,
        survival.retained_share,
        greatest(
            0,
            survival.retained_share
            * (1 - {{ var('interval_z') }} * sqrt(survival.greenwood_sum))
        ) as retained_share_lower,
        least(
            1,
            survival.retained_share
            * (1 + {{ var('interval_z') }} * sqrt(survival.greenwood_sum))
        ) as retained_share_upper,
        survival.cohort_month
    from survival
    left join active
        on
            survival.cohort_month = active.cohort_month
            and survival.age_months = active.age_months
)

select * from cohort_retention
