-- 1. An incident and a delivery overlap when they share a day and a warehouse, the delivery being on
--    its way from its order to its arrival; an incident without a warehouse touches all.
-- 2. The overlap begins on the later of the incident's first day and the order's.
with parcels as (
    select * from {{ kept('deliveries') }}
),

orders as (
    select * from {{ kept('orders') }}
),

incidents as (
    select * from {{ ref('int_incidents_classified') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

dated_deliveries as (
    select
        parcels.delivery_id,
        parcels.warehouse,
        {{ shop_day('orders.ordered_at') }} as ordered_on,
        coalesce({{ shop_day('parcels.delivered_at') }}, as_of.as_of_date) as under_way_until
    from parcels
    inner join orders on parcels.order_id = orders.order_id
    cross join as_of
),

incident_deliveries as (
    select
        dated_deliveries.delivery_id,
        incidents.incident_id,
        row_number() over (
            partition by dated_deliveries.delivery_id
            order by incidents.occurred_on, incidents.incident_id
        ) as overlap_number,
        greatest(dated_deliveries.ordered_on, incidents.occurred_on) as overlapped_on
    from dated_deliveries
    inner join incidents
        on
            dated_deliveries.under_way_until >= incidents.occurred_on
            and dated_deliveries.ordered_on <= incidents.ended_on
            and coalesce(
                dated_deliveries.warehouse = incidents.warehouse, incidents.warehouse is null
            )
)

select * from incident_deliveries
