with source as (
    select * from {{ source('raw', 'stock_levels') }}
),

cast_rows as (
    select {{ cast_columns('stock_levels') }}
    from source
),

checked_rows as (
    select {{ checked_columns('stock_levels') }}
    from cast_rows
),

{{ judged('stock_levels', outdated_stay=true) }}

select * from judged_rows
