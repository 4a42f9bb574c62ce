-- 1. A line whose order is not known, or was itself rejected, is `unknown_order`.
-- 2. A line with a number is told apart by it; without one only a whole equal row is a duplicate.
-- 3. A line of ten billion or more is a slip, as a single price of that size is.
with source as (
    select * from {{ source('raw', 'order_lines') }}
),

known_orders as (
    select order_id as known_order_id
    from {{ ref('stg_orders') }}
),

cast_rows as (
    select
        row_number,
        order_id,
        product_id,
        {{ as_decimal('quantity') }} as quantity,
        {{ as_count('line_number') }} as line_number,
        {{ as_decimal('unit_price') }} as unit_price,
        {{ reasons([
            faults('order_id', required=true),
            fault('order_id is not null and known_order_id is null', 'unknown_order'),
            faults('product_id', required=true),
            faults('quantity', 'decimal', required=true, above=0),
            faults('line_number', 'count', minimum=0),
            faults('unit_price', 'decimal', minimum=0),
            fault(
                'cast(' ~ as_decimal('quantity') ~ ' as decimal(20, 4)) * ' ~ as_decimal('unit_price') ~ ' >= 10000000000',
                'invalid_unit_price'
            ),
        ]) }} as reasons
    from source
    left join known_orders on source.order_id = known_orders.known_order_id
),

{{ judged(key=['order_id', as_count('line_number')], keyless='line_number is null') }}
