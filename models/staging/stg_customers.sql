with base as (
    select * from {{ ref('base_customers') }}
),

kept_rows as (
    select
        customer_id,
        customer_name,
        email,
        region,
        marketing_consent,
        signed_up_on,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
