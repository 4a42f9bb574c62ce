-- 1. Counted are deliveries promised in the last `scorecard_months` whose promised day is over. A
--    carrier stands beside its peers over all warehouses together (warehouse = all), and in each
--    warehouse.
-- 2. Its own punctuality is that of undisturbed parcels: incidents are not its fault.
-- 3. Where the deliveries of a month resemble each other (int_delivery_clumps), so many say as much
--    as fewer that are independent: the effective count.
with parcels as (
    select
        *,
        unnest([
            {'dimension': 'carrier', 'warehouse': 'all'},
            {'dimension': 'carrier_warehouse', 'warehouse': warehouse}
        ]) as slice
    from {{ ref('int_deliveries_due') }}
    where carrier is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

clumps as (
    select 1 + late_correlation * (carrier_month_delivery_count - 1) as deliveries_for_one
    from {{ ref('int_delivery_clumps') }}
),

counts as (
    select
        parcels.slice.dimension as dimension,
        parcels.slice.warehouse as warehouse,
        parcels.carrier,
        count(*) as delivery_count,
        count(*) filter (not parcels.is_late) as on_time_count,
        count(*) filter (parcels.is_undisturbed) as undisturbed_delivery_count,
        count(*) filter (parcels.is_undisturbed and not parcels.is_late)
            as undisturbed_on_time_count,
        avg(parcels.days_past_promise) filter (parcels.is_late) as average_days_late,
        median(parcels.days_past_promise) filter (parcels.is_late) as median_days_late,
        quantile_cont(parcels.days_past_promise, 0.9) filter (parcels.is_late) as p90_days_late,
        as_of.as_of_date
    from parcels
    cross join as_of
    where
        parcels.slice.warehouse is not null
        and parcels.promised_on > as_of.as_of_date - interval {{ var('scorecard_months') }} month
    group by all
),

carrier_deliveries as (
    select
        counts.*,
        round(counts.undisturbed_delivery_count / clumps.deliveries_for_one, 6)
            as effective_delivery_count,
        round(counts.undisturbed_on_time_count / clumps.deliveries_for_one, 6)
            as effective_on_time_count
    from counts
    cross join clumps
)

select * from carrier_deliveries
