with base as (
    select * from {{ ref('base_touchpoints') }}
),

kept_rows as (
    select
        touchpoint_id,
        customer_id,
        channel,
        campaign,
        device,
        region,
        touched_at,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
