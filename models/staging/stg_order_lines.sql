with base as (
    select * from {{ ref('base_order_lines') }}
),

kept_rows as (
    select
        order_id,
        product_id,
        quantity,
        line_number,
        unit_price,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
