-- 1. A delivery counts when its promised day is over, whether it has arrived or not: one counted
--    because it arrived early would make the last days look better than they are.
-- 2. It counts for the first incident it overlaps with, so that none counts twice.
-- 3. It is undisturbed when it was ordered neither during an incident in its warehouse nor in the
--    `incident_shadow_days` before one. Leaving out those that overlap with one instead would leave
--    out the late ones: they are longer on their way and overlap with more.
with deliveries as (
    select * from {{ ref('deliveries') }}
),

exposed_deliveries as (
    select * from {{ ref('int_incident_deliveries') }}
    where overlap_number = 1
),

incidents as (
    select * from {{ ref('int_incidents_classified') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

disturbed_days as (
    select distinct
        warehouse,
        unnest(cast(
            generate_series(
                occurred_on - {{ var('incident_shadow_days') }}, ended_on, interval 1 day
            ) as date[]
        )) as day
    from incidents
),

deliveries_judged as (
    select
        deliveries.delivery_id,
        deliveries.carrier,
        deliveries.warehouse,
        exposed_deliveries.incident_id,
        not deliveries.is_on_time as is_late,
        disturbed_here.day is null and disturbed_everywhere.day is null as is_undisturbed,
        coalesce(deliveries.delivered_on, as_of.as_of_date) - deliveries.promised_on
            as days_past_promise,
        deliveries.promised_on - exposed_deliveries.overlapped_on as days_left,
        deliveries.promised_on
    from deliveries
    cross join as_of
    left join exposed_deliveries on deliveries.delivery_id = exposed_deliveries.delivery_id
    left join disturbed_days as disturbed_here
        on
            deliveries.warehouse = disturbed_here.warehouse
            and deliveries.ordered_on = disturbed_here.day
    left join disturbed_days as disturbed_everywhere
        on
            deliveries.ordered_on = disturbed_everywhere.day
            and disturbed_everywhere.warehouse is null
    where deliveries.promised_on < as_of.as_of_date and deliveries.is_on_time is not null
)

select * from deliveries_judged
