with source as (
    select * from {{ source('raw', 'experiment_outcomes') }}
),

cast_rows as (
    select {{ cast_columns('experiment_outcomes') }}
    from source
),

checked_rows as (
    select {{ checked_columns('experiment_outcomes') }}
    from cast_rows
),

{{ judged('experiment_outcomes') }}

select * from judged_rows
