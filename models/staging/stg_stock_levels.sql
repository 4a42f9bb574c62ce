with base as (
    select * from {{ ref('base_stock_levels') }}
),

kept_rows as (
    select
        product_id,
        warehouse,
        on_hand_units,
        on_order_units,
        counted_on,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
