with source as (
    select * from {{ source('raw', 'ticket_events') }}
),

cast_rows as (
    select {{ cast_columns('ticket_events') }}
    from source
),

checked_rows as (
    select {{ checked_columns('ticket_events') }}
    from cast_rows
),

{{ judged('ticket_events') }}

select * from judged_rows
