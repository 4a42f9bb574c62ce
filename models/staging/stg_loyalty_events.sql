with source as (
    select * from {{ source('raw', 'loyalty_events') }}
),

cast_rows as (
    select {{ cast_columns('loyalty_events') }}
    from source
),

checked_rows as (
    select {{ checked_columns('loyalty_events') }}
    from cast_rows
),

{{ judged('loyalty_events') }}

select * from judged_rows
