-- Variances of what an incident did: that of chance, more where the deliveries of a month in a
-- warehouse resemble each other (int_delivery_clumps), and that of the expected rates: within a carrier
-- and warehouse the same error counts again for every delivery.
with compared as (
    select * from {{ ref('int_incident_comparisons') }}
),

clumps as (
    select * from {{ ref('int_delivery_clumps') }}
),

month_chances as (
    select
        compared.incident_id,
        (1 - clumps.late_correlation) * sum(compared.delivery_count * compared.late_variance)
        + clumps.late_correlation
        * power(sum(compared.delivery_count * sqrt(compared.late_variance)), 2) as late_variance,
        (1 - clumps.days_correlation) * sum(compared.delivery_count * compared.days_variance)
        + clumps.days_correlation
        * power(sum(compared.delivery_count * sqrt(compared.days_variance)), 2) as days_variance
    from compared
    cross join clumps
    group by
        compared.incident_id,
        compared.warehouse,
        compared.month,
        clumps.late_correlation,
        clumps.days_correlation
),

baseline_errors as (
    select
        compared.incident_id,
        (1 + clumps.late_correlation * (clumps.month_delivery_count - 1))
        * power(
            sum(compared.delivery_count * sqrt(compared.late_variance * compared.error_share)), 2
        )
            as late_variance,
        (1 + clumps.days_correlation * (clumps.month_delivery_count - 1))
        * power(
            sum(compared.delivery_count * sqrt(compared.days_variance * compared.error_share)), 2
        )
            as days_variance
    from compared
    cross join clumps
    group by
        compared.incident_id,
        compared.carrier,
        compared.warehouse,
        clumps.late_correlation,
        clumps.days_correlation,
        clumps.month_delivery_count
),

variances as (
    select * from month_chances
    union all
    select * from baseline_errors
),

incident_errors as (
    select
        incident_id,
        sqrt(sum(late_variance)) as late_error,
        sqrt(sum(days_variance)) as days_error
    from variances
    group by incident_id
)

select * from incident_errors
