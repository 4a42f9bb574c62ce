with base as (
    select * from {{ ref('base_incidents') }}
),

kept_rows as (
    select
        incident_id,
        description,
        warehouse,
        category,
        affected_orders,
        occurred_on,
        resolved_at,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
