-- 1. Late deliveries above expectation may be below zero, which says that no harm is to be seen;
--    never above the late ones.
-- 2. Figures may still grow while the incident is open or a delivery that overlaps with it is not yet
--    counted because its promised day is not over: short_history.
with classified as (
    select * from {{ ref('int_incidents_classified') }}
),

impacts as (
    select
        *,
        late_delivery_count - expected_late_deliveries as excess_late_deliveries,
        round({{ interval_z() }} * excess_late_deliveries_error, 6) as excess_late_margin,
        round({{ interval_z() }} * added_days_per_delivery_error, 6) as added_days_margin
    from {{ ref('int_incident_impacts') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

incidents as (
    select
        classified.incident_id,
        classified.description,
        classified.warehouse,
        classified.category,
        classified.category_rule,
        classified.severity,
        case
            when impacts.counted_delivery_count is null then 'insufficient_data'
            when classified.ended_on >= as_of.as_of_date or impacts.waiting_delivery_count > 0
                then 'short_history'
            else 'ok'
        end as impact_status,
        classified.is_resolved,
        classified.impact_score,
        classified.affected_orders,
        coalesce(impacts.delivery_count, 0) as delivery_count,
        impacts.counted_delivery_count,
        impacts.late_delivery_count,
        impacts.expected_late_deliveries,
        impacts.excess_late_deliveries,
        impacts.excess_late_deliveries - impacts.excess_late_margin as excess_late_deliveries_lower,
        -- least() passes over nulls
        case
            when impacts.excess_late_deliveries is not null
                then
                    least(
                        impacts.late_delivery_count,
                        impacts.excess_late_deliveries + impacts.excess_late_margin
                    )
        end as excess_late_deliveries_upper,
        impacts.added_days_per_delivery,
        impacts.added_days_per_delivery
        - impacts.added_days_margin as added_days_per_delivery_lower,
        impacts.added_days_per_delivery
        + impacts.added_days_margin as added_days_per_delivery_upper,
        classified.occurred_on,
        classified.ended_on,
        classified.resolved_at
    from classified
    left join impacts on classified.incident_id = impacts.incident_id
    cross join as_of
)

select * from incidents
