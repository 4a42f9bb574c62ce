with source as (
    select * from {{ source('raw', 'products') }}
),

cast_rows as (
    select {{ cast_columns('products') }}
    from source
),

checked_rows as (
    select {{ checked_columns('products') }}
    from cast_rows
),

{{ judged('products', outdated_stay=true) }}

select * from judged_rows
