with base as (
    select * from {{ ref('base_deliveries') }}
),

kept_rows as (
    select
        delivery_id,
        order_id,
        carrier,
        warehouse,
        promised_on,
        shipped_at,
        delivered_at,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
