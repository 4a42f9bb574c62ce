-- Health of the last month that is over; a month that its input does not cover has none.
with operations_health as (
    select
        'operations_health' as signal,
        'all' as entity_type,
        'all' as entity,
        cast(null as varchar) as name,
        cast(null as varchar) as subject,
        health.score as value,
        health.score as figure,
        cast(null as double) as usual_value,
        health.incident_count as item_count,
        cast(null as double) as value_at_stake,
        health.month as period
    from {{ ref('operations_health') }} as health
    inner join {{ ref('int_last_delivery_month') }} as newest on health.month = newest.month
    where health.is_complete
)

select * from operations_health
where value is not null
