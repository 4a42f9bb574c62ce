with base as (
    select * from {{ ref('base_delivery_months') }}
),

kept_rows as (
    select
        average_delivery_days,
        on_time_rate_pct,
        complaint_count,
        month,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
