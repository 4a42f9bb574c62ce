-- Whom a cohort can still be looked at by at each age.
-- 1. A customer counts at an age only once that month of age has been lived to its end.
-- 2. At risk at an age is who ordered at it or later; lost at it who ordered last then.
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

cohort_age_counts as (
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
)

select * from cohort_age_counts
