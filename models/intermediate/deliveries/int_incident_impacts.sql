-- What an incident did: what became of its parcels against what would have (int_incident_baselines).
-- 1. Counted are parcels whose promised day is over, that met no incident before and were not yet
--    late when they met this one: what was late already it could not make late.
-- 2. Late above expectation = late - expected. Its variance is that of chance, more where the parcels
--    of a month in a warehouse resemble each other (int_delivery_clumps), and that of the expected rates:
--    within a carrier and warehouse the same error counts again for every parcel.
-- 3. The same for days; nothing is known where nothing is counted, or no parcel is undisturbed.
with exposed_deliveries as (
    select * from {{ ref('int_incident_deliveries') }}
),

parcels as (
    select * from {{ ref('int_deliveries_due') }}
),

baselines as (
    select * from {{ ref('int_incident_baselines') }}
),

met as (
    select
        exposed_deliveries.incident_id,
        count(*) as delivery_count,
        count(*) filter (parcels.delivery_id is null) as waiting_delivery_count
    from exposed_deliveries
    left join parcels on exposed_deliveries.delivery_id = parcels.delivery_id
    group by exposed_deliveries.incident_id
),

clumps as (
    select * from {{ ref('int_delivery_clumps') }}
),

alike as (
    select
        incident_id,
        coalesce(carrier, '') as carrier,
        coalesce(warehouse, '') as warehouse,
        date_trunc('month', promised_on) as month,
        days_left,
        count(*) as delivery_count,
        count(*) filter (is_late) as late_count,
        sum(days_past_promise) as total_days
    from parcels
    where incident_id is not null and days_left >= 0
    group by all
),

compared as (
    select
        alike.*,
        baselines.late_rate,
        baselines.late_variance,
        baselines.mean_days,
        baselines.days_variance,
        baselines.error_share
    from alike
    inner join baselines using (carrier, warehouse, days_left)
    where baselines.late_rate is not null
),

totals as (
    select
        incident_id,
        cast(sum(delivery_count) as bigint) as delivery_count,
        cast(sum(late_count) as bigint) as late_count,
        sum(delivery_count * late_rate) as expected_late,
        sum(total_days - delivery_count * mean_days) / sum(delivery_count) as added_days
    from compared
    group by incident_id
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

errors as (
    select
        incident_id,
        sqrt(sum(late_variance)) as late_error,
        sqrt(sum(days_variance)) as days_error
    from variances
    group by incident_id
),

-- rounded, as the order in which a sum is made changes its last digits
incident_impacts as (
    select
        met.incident_id,
        met.delivery_count,
        met.waiting_delivery_count,
        totals.delivery_count as counted_delivery_count,
        totals.late_count as late_delivery_count,
        round(totals.expected_late, 6) as expected_late_deliveries,
        round(errors.late_error, 6) as excess_late_deliveries_error,
        round(totals.added_days, 6) as added_days_per_delivery,
        round(errors.days_error / totals.delivery_count, 6) as added_days_per_delivery_error
    from met
    left join totals on met.incident_id = totals.incident_id
    left join errors on met.incident_id = errors.incident_id
)

select * from incident_impacts
