with base as (
    select * from {{ ref('base_products') }}
),

kept_rows as (
    select
        product_id,
        product_name,
        category,
        brand,
        is_perishable,
        list_price,
        unit_cost,
        lead_time_days,
        lead_time_sd_days,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
