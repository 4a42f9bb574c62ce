with base as (
    select * from {{ ref('base_cancellations') }}
),

kept_rows as (
    select
        reason,
        customer_id,
        cancellation_count,
        cancelled_on,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
