-- 1. Lost is who has gone `lost_after_days` without a purchase. At risk is who can be lost by the end
--    of the month: who became a customer, or one again, at least so many days before, and is not
--    lost yet. In a young shop the many who cannot be lost yet would make losses rise by themselves
--    (first_year_shop).
-- 2. The rate of a month is the share of those at risk who were lost in it. In the first
--    `lost_after_days` of a shop nobody can be lost: there is no rate, not one of 0.
with spells as (
    select * from {{ ref('int_customer_spells') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

arrivals as (
    select
        cast(date_trunc('month', started_on) as date) as month,
        count(*) as arrived_count
    from spells
    group by all
),

exposures as (
    select
        cast(
            date_trunc('month', started_on + cast({{ var('lost_after_days') }} as integer)) as date
        ) as month,
        count(*) as exposed_count
    from spells
    group by all
),

losses as (
    select
        cast(date_trunc('month', lost_on) as date) as month,
        count(*) as lost_count
    from spells
    where lost_on is not null
    group by all
),

span as (
    select
        min(arrivals.month) as first_month,
        date_trunc('month', max(as_of.as_of_date)) as last_month
    from arrivals
    cross join as_of
),

months as (
    select
        unnest(cast(
            generate_series(first_month, last_month, interval 1 month) as date[]
        )) as month
    from span
),

counts as (
    select
        months.month,
        coalesce(arrivals.arrived_count, 0) as arrived_count,
        coalesce(losses.lost_count, 0) as lost_count,
        sum(coalesce(exposures.exposed_count, 0)) over through_month
        - sum(coalesce(losses.lost_count, 0)) over through_month
        + coalesce(losses.lost_count, 0) as at_risk_count,
        sum(coalesce(exposures.exposed_count, 0)) over through_month as ever_at_risk_count
    from months
    left join arrivals on months.month = arrivals.month
    left join exposures on months.month = exposures.month
    left join losses on months.month = losses.month
    window through_month as (
        order by months.month
        rows between unbounded preceding and current row
    )
),

churn_rates as (
    select
        case
            when counts.at_risk_count > 0 then 'ok'
            when counts.ever_at_risk_count = 0 then 'too_early'
            else 'nobody_left'
        end as status,
        last_day(counts.month) <= as_of.as_of_date as is_complete,
        cast(counts.at_risk_count as bigint) as at_risk_count,
        counts.arrived_count,
        counts.lost_count,
        counts.lost_count / nullif(counts.at_risk_count, 0) as churn_rate,
        {{ wilson_lower('counts.lost_count', 'counts.at_risk_count') }} as churn_rate_lower,
        {{ wilson_upper('counts.lost_count', 'counts.at_risk_count') }} as churn_rate_upper,
        counts.month
    from counts
    cross join as_of
)

select * from churn_rates
