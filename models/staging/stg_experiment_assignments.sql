with source as (
    select * from {{ source('raw', 'experiment_assignments') }}
),

cast_rows as (
    select {{ cast_columns('experiment_assignments') }}
    from source
),

checked_rows as (
    select {{ checked_columns('experiment_assignments') }}
    from cast_rows
),

{{ judged('experiment_assignments') }}

select * from judged_rows
