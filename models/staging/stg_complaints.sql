with base as (
    select * from {{ ref('base_complaints') }}
),

kept_rows as (
    select
        topic,
        order_id,
        complaint_count,
        complained_on,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
