with source as (
    select * from {{ source('raw', 'incidents') }}
),

cast_rows as (
    select {{ cast_columns('incidents') }}
    from source
),

checked_rows as (
    select {{ checked_columns('incidents') }}
    from cast_rows
),

{{ judged('incidents') }}

select * from judged_rows
