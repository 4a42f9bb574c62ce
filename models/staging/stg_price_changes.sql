-- A price of neither a product nor a category is `missing_product_id`.
with source as (
    select * from {{ source('raw', 'price_changes') }}
),

cast_rows as (
    select {{ cast_columns('price_changes') }}
    from source
),

checked_rows as (
    select {{ checked_columns('price_changes', faults={'product_id': [
        fault('product_id is null and category is null', 'missing_product_id'),
    ]}) }}
    from cast_rows
),

{{ judged('price_changes') }}

select * from judged_rows
