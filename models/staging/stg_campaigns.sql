-- A campaign that ends before it starts is `ends_before_it_starts`.
with source as (
    select * from {{ source('raw', 'campaigns') }}
),

cast_rows as (
    select {{ cast_columns('campaigns') }}
    from source
),

checked_rows as (
    select {{ checked_columns('campaigns', faults={'ends_on': [
        fault('ends_on < starts_on', 'ends_before_it_starts'),
    ]}) }}
    from cast_rows
),

{{ judged('campaigns') }}

select * from judged_rows
