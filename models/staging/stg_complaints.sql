-- A row without a count is one complaint.
with source as (
    select * from {{ source('raw', 'complaints') }}
),

cast_rows as (
    select {{ cast_columns('complaints') }}
    from source
),

checked_rows as (
    select {{ checked_columns('complaints') }}
    from cast_rows
),

{{ judged('complaints') }}

select * from judged_rows
