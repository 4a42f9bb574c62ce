-- 1. The risk level follows from the orders affected in the month, as reported
--    (seeds/rules/deliveries/incident_risk_levels.csv).
-- 2. Measured figures are summed over the incidents that have them: each delivery counts for one
--    incident only, so that sums hold no delivery twice. Errors of incidents are taken as
--    independent.
with incidents as (
    select * from {{ ref('incidents') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

risk_levels as (
    {{ bands(ref('incident_risk_levels'), 'minimum_affected_orders') }}
),

unknown_months as (
    {{ unknown_months('incidents') }}
),

months as (
    select
        category,
        cast(date_trunc('month', occurred_on) as date) as month,
        count(*) as incident_count,
        count(excess_late_deliveries) as measured_incident_count,
        cast(sum(affected_orders) as bigint) as affected_orders,
        max(impact_score) as highest_impact_score,
        cast(sum(late_delivery_count) as bigint) as late_delivery_count,
        round(sum(excess_late_deliveries), 6) as excess_late_deliveries,
        -- the upper end may be cut off, the lower never is
        sqrt(
            sum(power(excess_late_deliveries - excess_late_deliveries_lower, 2))
        ) as excess_late_margin,
        max(occurred_on) as last_occurred_on
    from incidents
    group by all
),

incident_summary as (
    select
        months.category,
        risk_levels.risk_level,
        unknown_months.month is not null as has_unknown_part,
        months.incident_count,
        months.measured_incident_count,
        months.affected_orders,
        months.highest_impact_score,
        months.late_delivery_count,
        months.excess_late_deliveries,
        round(months.excess_late_deliveries - months.excess_late_margin, 6)
            as excess_late_deliveries_lower,
        -- least() passes over nulls
        case
            when months.late_delivery_count is not null
                then
                    least(
                        months.late_delivery_count,
                        round(months.excess_late_deliveries + months.excess_late_margin, 6)
                    )
        end as excess_late_deliveries_upper,
        cast(as_of.as_of_date - months.last_occurred_on as bigint) as days_since_last,
        months.month
    from months
    inner join risk_levels
        on
            months.affected_orders >= risk_levels.minimum_affected_orders
            and months.affected_orders < risk_levels.next_bound
    cross join as_of
    left join unknown_months on months.month = unknown_months.month
)

select * from incident_summary
