with source as (
    select * from {{ source('raw', 'customers') }}
),

cast_rows as (
    select {{ cast_columns('customers') }}
    from source
),

checked_rows as (
    select {{ checked_columns('customers') }}
    from cast_rows
),

{{ judged('customers', outdated_stay=true) }}

select * from judged_rows
