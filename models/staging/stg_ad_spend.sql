with source as (
    select * from {{ source('raw', 'ad_spend') }}
),

cast_rows as (
    select {{ cast_columns('ad_spend') }}
    from source
),

checked_rows as (
    select {{ checked_columns('ad_spend') }}
    from cast_rows
),

{{ judged('ad_spend') }}

select * from judged_rows
