-- What an incident did: what became of its parcels against what would have (int_incident_baselines).
-- 1. Counted are parcels whose promised day is over, that met no incident before and were not yet
--    late when they met this one: what was late already it could not make late.
-- 2. Late above expectation = late - expected. Its variance is that of chance, parcel by parcel, and
--    that of the expected rates: within a carrier and warehouse the same error counts again for
--    every parcel, between them errors are independent.
-- 3. The same for days; nothing is known where nothing is counted, or no parcel is undisturbed.
with meetings as (
    select * from {{ ref('int_incident_deliveries') }}
),

parcels as (
    select * from {{ ref('int_deliveries_judged') }}
),

baselines as (
    select * from {{ ref('int_incident_baselines') }}
),

met as (
    select
        meetings.incident_id,
        count(*) as parcel_count,
        count(*) filter (parcels.delivery_id is null) as waiting_parcel_count
    from meetings
    left join parcels on meetings.delivery_id = parcels.delivery_id
    group by meetings.incident_id
),

alike as (
    select
        incident_id,
        coalesce(carrier, '') as carrier,
        coalesce(warehouse, '') as warehouse,
        days_left,
        count(*) as parcel_count,
        count(*) filter (is_late) as late_count,
        sum(days_past_promise) as total_days
    from parcels
    where incident_id is not null and days_left >= 0
    group by all
),

of_warehouses as (
    select
        alike.incident_id,
        sum(alike.parcel_count) as parcel_count,
        sum(alike.late_count) as late_count,
        sum(alike.parcel_count * baselines.late_rate) as expected_late,
        sum(alike.parcel_count * baselines.late_variance)
        + power(sum(alike.parcel_count * sqrt(baselines.late_variance * baselines.error_share)), 2)
            as late_variance,
        sum(alike.total_days - alike.parcel_count * baselines.mean_days) as added_days,
        sum(alike.parcel_count * baselines.days_variance)
        + power(sum(alike.parcel_count * sqrt(baselines.days_variance * baselines.error_share)), 2)
            as days_variance
    from alike
    inner join baselines
        on
            alike.carrier = baselines.carrier
            and alike.warehouse = baselines.warehouse
            and alike.days_left = baselines.days_left
    where baselines.late_rate is not null
    group by alike.incident_id, alike.carrier, alike.warehouse
),

measured as (
    select
        incident_id,
        cast(sum(parcel_count) as bigint) as parcel_count,
        cast(sum(late_count) as bigint) as late_count,
        sum(expected_late) as expected_late,
        sqrt(sum(late_variance)) as late_error,
        sum(added_days) / sum(parcel_count) as added_days,
        sqrt(sum(days_variance)) / sum(parcel_count) as days_error
    from of_warehouses
    group by incident_id
),

-- rounded, as the order in which a sum is made changes its last digits
incident_impacts as (
    select
        met.incident_id,
        met.parcel_count,
        met.waiting_parcel_count,
        measured.parcel_count as counted_parcel_count,
        measured.late_count as late_parcel_count,
        round(measured.expected_late, 6) as expected_late_parcels,
        round(measured.late_error, 6) as excess_late_parcels_error,
        round(measured.added_days, 6) as added_days_per_parcel,
        round(measured.days_error, 6) as added_days_per_parcel_error
    from met
    left join measured on met.incident_id = measured.incident_id
)

select * from incident_impacts
