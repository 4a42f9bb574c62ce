with source as (
    select * from {{ source('raw', 'mentions') }}
),

cast_rows as (
    select {{ cast_columns('mentions') }}
    from source
),

checked_rows as (
    select {{ checked_columns('mentions') }}
    from cast_rows
),

{{ judged('mentions') }}

select * from judged_rows
