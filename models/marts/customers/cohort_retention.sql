-- 1. A customer counts at an age only once that month of age has been lived to its end: who is too
--    young is in neither part of a share.
-- 2. The retained share is the Kaplan-Meier estimate (1958) of still being a customer: those lost
--    at their last purchase's age are losses, all others are censored there. Its interval is
--    Greenwood's (1926).
with customer_ages as (
    select * from {{ ref('int_cohort_customers') }}
),

observed as (
    select * from {{ ref('int_cohort_ages') }}
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
