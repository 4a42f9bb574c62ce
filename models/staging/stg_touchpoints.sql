with source as (
    select * from {{ source('raw', 'touchpoints') }}
),

cast_rows as (
    select {{ cast_columns('touchpoints') }}
    from source
),

checked_rows as (
    select {{ checked_columns('touchpoints') }}
    from cast_rows
),

{{ judged('touchpoints') }}

select * from judged_rows
