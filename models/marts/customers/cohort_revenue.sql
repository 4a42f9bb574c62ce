-- A month of age that not all customers of the cohort have lived to its end is not complete: what it
-- brought in so far will grow.
with customer_ages as (
    select * from {{ ref('int_cohort_customers') }}
),

cohort_sizes as (
    select
        cohort_month,
        count(distinct customer_id) as cohort_size,
        min(complete_ages) as youngest_age
    from customer_ages
    group by cohort_month
),

revenues as (
    select
        cohort_month,
        age_months,
        sum(order_count) as order_count,
        sum(revenue) as revenue
    from customer_ages
    group by cohort_month, age_months
),

cohort_revenue as (
    select
        revenues.age_months < cohort_sizes.youngest_age as is_complete,
        revenues.age_months,
        cohort_sizes.cohort_size,
        cast(revenues.order_count as bigint) as order_count,
        cast(revenues.revenue as decimal(18, 4)) as revenue,
        cast(revenues.revenue / cohort_sizes.cohort_size as decimal(18, 4)) as revenue_per_customer,
        cast(
            sum(revenues.revenue) over (
                partition by revenues.cohort_month
                order by revenues.age_months
                rows between unbounded preceding and current row
            ) / cohort_sizes.cohort_size as decimal(18, 4)
        ) as cumulative_revenue_per_customer,
        revenues.cohort_month
    from revenues
    inner join cohort_sizes on revenues.cohort_month = cohort_sizes.cohort_month
)

select * from cohort_revenue
