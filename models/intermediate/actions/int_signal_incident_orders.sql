-- Incidents of the last 90 days, by what caused them.
with incidents as (
    select
        incidents.category,
        cast(sum(incidents.affected_orders) as double) as affected_orders,
        count(*) as incident_count,
        max_by(incidents.description, incidents.affected_orders) as worst,
        as_of.as_of_date
    from {{ ref('incidents') }} as incidents
    inner join {{ ref('int_as_of') }} as as_of on incidents.occurred_on > as_of.as_of_date - 90
    group by incidents.category, as_of.as_of_date
),

incident_orders as (
    select
        'incident_orders' as signal,
        'incident_category' as entity_type,
        incidents.category as entity,
        incidents.category as name,
        incidents.worst as subject,
        incidents.affected_orders as value,
        incidents.affected_orders as figure,
        cast(null as double) as usual_value,
        incidents.incident_count as item_count,
        cast(null as double) as value_at_stake,
        incidents.as_of_date as period
    from incidents
)

select * from incident_orders
where value is not null
