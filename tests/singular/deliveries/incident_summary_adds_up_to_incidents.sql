-- incident_summary and incidents agree, category by category: how many, the orders
-- affected, and the deliveries made late.
with summary_totals as (
    select
        category,
        sum(incident_count) as incident_count,
        sum(affected_orders) as affected_orders,
        round(sum(excess_late_deliveries), 3) as excess_late_deliveries
    from {{ ref('incident_summary') }}
    group by category
),

incident_totals as (
    select
        category,
        count(*) as incident_count,
        sum(affected_orders) as affected_orders,
        round(sum(excess_late_deliveries), 3) as excess_late_deliveries
    from {{ ref('incidents') }}
    group by category
)

select
    coalesce(summary_totals.category, incident_totals.category) as category,
    summary_totals.incident_count as summary_count,
    incident_totals.incident_count,
    summary_totals.affected_orders as summary_affected_orders,
    incident_totals.affected_orders,
    summary_totals.excess_late_deliveries as summary_excess_late_deliveries,
    incident_totals.excess_late_deliveries
from summary_totals
full join incident_totals on summary_totals.category = incident_totals.category
where
    summary_totals.incident_count is distinct from incident_totals.incident_count
    or summary_totals.affected_orders is distinct from incident_totals.affected_orders
    or summary_totals.excess_late_deliveries is distinct from incident_totals.excess_late_deliveries
