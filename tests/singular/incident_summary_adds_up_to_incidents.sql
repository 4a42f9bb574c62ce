-- incident_summary and incidents agree, category by category: how many, and the orders affected.
with summary_totals as (
    select
        category,
        sum(incident_count) as incident_count,
        sum(affected_orders) as affected_orders
    from {{ ref('incident_summary') }}
    group by category
),

incident_totals as (
    select
        category,
        count(*) as incident_count,
        sum(affected_orders) as affected_orders
    from {{ ref('incidents') }}
    group by category
)

select
    coalesce(summary_totals.category, incident_totals.category) as category,
    summary_totals.incident_count as summary_count,
    incident_totals.incident_count,
    summary_totals.affected_orders as summary_affected_orders,
    incident_totals.affected_orders
from summary_totals
full join incident_totals on summary_totals.category = incident_totals.category
where
    summary_totals.incident_count is distinct from incident_totals.incident_count
    or summary_totals.affected_orders is distinct from incident_totals.affected_orders
