-- Any day of a month stands for the month.
with source as (
    select * from {{ source('raw', 'delivery_months') }}
),

cast_rows as (
    select {{ cast_columns('delivery_months') }}
    from source
),

checked_rows as (
    select {{ checked_columns('delivery_months') }}
    from cast_rows
),

{{ judged('delivery_months') }}

select * from judged_rows
