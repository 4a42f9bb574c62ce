with source as (
    select * from {{ source('raw', 'stock_levels') }}
),

cast_rows as (
    select
        row_number,
        product_id,
        warehouse,
        {{ as_decimal('on_hand_units') }} as on_hand_units,
        {{ as_decimal('on_order_units') }} as on_order_units,
        {{ as_date('counted_on') }} as counted_on,
        {{ reasons([
            faults('product_id', required=true),
            faults('counted_on', 'date', required=true, event=true),
            faults('on_hand_units', 'decimal', required=true, minimum=0),
            faults('on_order_units', 'decimal', minimum=0),
        ]) }} as reasons
    from source
),

{{ judged(key=['product_id', as_date('counted_on'), 'warehouse']) }}
