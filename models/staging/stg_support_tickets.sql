with source as (
    select * from {{ source('raw', 'support_tickets') }}
),

cast_rows as (
    select {{ cast_columns('support_tickets') }}
    from source
),

checked_rows as (
    select {{ checked_columns('support_tickets') }}
    from cast_rows
),

{{ judged('support_tickets', outdated_stay=true) }}

select * from judged_rows
