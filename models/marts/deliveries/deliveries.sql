-- 1. On time is arriving on or before the promised day. A delivery past its promise that has not
--    arrived is late; one not yet due is neither (null), nor is one whose newer state was rejected: it
--    may have arrived.
-- 2. Days to deliver run from the order to the arrival: what the customer waits. An arrival before
--    its order is an entry error and gives null.
with parcels as (
    select * from {{ kept('deliveries') }}
),

orders as (
    select * from {{ kept('orders') }}
),

exposed_deliveries as (
    select * from {{ ref('int_incident_deliveries') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

dated_deliveries as (
    select
        parcels.*,
        {{ shop_day('orders.ordered_at') }} as ordered_on,
        {{ shop_day('parcels.delivered_at') }} as delivered_on,
        as_of.as_of_date
    from parcels
    inner join orders on parcels.order_id = orders.order_id
    cross join as_of
),

incidents_met as (
    select
        delivery_id,
        count(*) as incident_count,
        string_agg(incident_id, ', ' order by incident_id) as incident_ids
    from exposed_deliveries
    group by delivery_id
),

deliveries as (
    select
        dated_deliveries.delivery_id,
        dated_deliveries.order_id,
        dated_deliveries.carrier,
        dated_deliveries.warehouse,
        incidents_met.incident_ids,
        dated_deliveries.delivered_on is not null as is_delivered,
        coalesce(dated_deliveries.has_rejected_state, false) as has_rejected_state,
        case
            when dated_deliveries.has_rejected_state then null
            when dated_deliveries.delivered_on is not null
                then dated_deliveries.delivered_on <= dated_deliveries.promised_on
            when dated_deliveries.as_of_date > dated_deliveries.promised_on then false
        end as is_on_time,
        coalesce(incidents_met.incident_count, 0) as incident_count,
        case
            when dated_deliveries.delivered_on >= dated_deliveries.ordered_on
                then dated_deliveries.delivered_on - dated_deliveries.ordered_on
        end as days_to_deliver,
        dated_deliveries.promised_on - dated_deliveries.ordered_on as promised_days,
        case
            when dated_deliveries.has_rejected_state then null
            when
                coalesce(dated_deliveries.delivered_on, dated_deliveries.as_of_date)
                > dated_deliveries.promised_on
                then
                    coalesce(dated_deliveries.delivered_on, dated_deliveries.as_of_date)
                    - dated_deliveries.promised_on
            when dated_deliveries.delivered_on is not null then 0
        end as days_late,
        dated_deliveries.ordered_on,
        dated_deliveries.promised_on,
        dated_deliveries.delivered_on,
        dated_deliveries.shipped_at,
        dated_deliveries.delivered_at
    from dated_deliveries
    left join incidents_met on dated_deliveries.delivery_id = incidents_met.delivery_id
)

select * from deliveries
