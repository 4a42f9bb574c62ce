-- A row without a count is one cancellation.
with source as (
    select * from {{ source('raw', 'cancellations') }}
),

cast_rows as (
    select {{ cast_columns('cancellations') }}
    from source
),

checked_rows as (
    select {{ checked_columns('cancellations') }}
    from cast_rows
),

{{ judged('cancellations') }}

select * from judged_rows
