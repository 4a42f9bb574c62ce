with source as (
    select * from {{ source('raw', 'products') }}
),

cast_rows as (
    select
        row_number,
        product_id,
        product_name,
        category,
        brand,
        {{ as_boolean('is_perishable') }} as is_perishable,
        {{ as_decimal('list_price') }} as list_price,
        {{ as_decimal('unit_cost') }} as unit_cost,
        {{ as_decimal('lead_time_days') }} as lead_time_days,
        {{ as_decimal('lead_time_sd_days') }} as lead_time_sd_days,
        {{ reasons([
            faults('product_id', required=true),
            faults('product_name', required=true),
            faults('list_price', 'decimal', minimum=0),
            faults('unit_cost', 'decimal', minimum=0),
            faults('lead_time_days', 'decimal', minimum=0),
            faults('lead_time_sd_days', 'decimal', minimum=0),
            faults('is_perishable', 'boolean'),
        ]) }} as reasons
    from source
),

{{ judged(key=['product_id']) }}
