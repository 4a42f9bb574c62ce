with source as (
    select * from {{ source('raw', 'erasure_requests') }}
),

cast_rows as (
    select {{ cast_columns('erasure_requests') }}
    from source
),

checked_rows as (
    select {{ checked_columns('erasure_requests') }}
    from cast_rows
),

{{ judged('erasure_requests', outdated_stay=true) }}

select * from judged_rows
