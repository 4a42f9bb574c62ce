-- What an incident did: what became of its deliveries against what would have
-- (int_incident_comparisons), with its error (int_incident_errors); nothing is known where nothing is
-- counted, or no delivery is undisturbed. Late above expectation = late - expected, the same for days.
with exposed_deliveries as (
    select * from {{ ref('int_incident_deliveries') }}
),

parcels as (
    select * from {{ ref('int_deliveries_due') }}
),

compared as (
    select * from {{ ref('int_incident_comparisons') }}
),

errors as (
    select * from {{ ref('int_incident_errors') }}
),

overlapping as (
    select
        exposed_deliveries.incident_id,
        count(*) as delivery_count,
        count(*) filter (parcels.delivery_id is null) as waiting_delivery_count
    from exposed_deliveries
    left join parcels on exposed_deliveries.delivery_id = parcels.delivery_id
    group by exposed_deliveries.incident_id
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

-- rounded, as the order in which a sum is made changes its last digits
incident_impacts as (
    select
        overlapping.incident_id,
        overlapping.delivery_count,
        overlapping.waiting_delivery_count,
        totals.delivery_count as counted_delivery_count,
        totals.late_count as late_delivery_count,
        round(totals.expected_late, 6) as expected_late_deliveries,
        round(errors.late_error, 6) as excess_late_deliveries_error,
        round(totals.added_days, 6) as added_days_per_delivery,
        round(errors.days_error / totals.delivery_count, 6) as added_days_per_delivery_error
    from overlapping
    left join totals on overlapping.incident_id = totals.incident_id
    left join errors on overlapping.incident_id = errors.incident_id
)

select * from incident_impacts
