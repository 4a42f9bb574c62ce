with source as (
    select * from {{ source('raw', 'llm_outputs') }}
),

cast_rows as (
    select {{ cast_columns('llm_outputs') }}
    from source
),

checked_rows as (
    select {{ checked_columns('llm_outputs') }}
    from cast_rows
),

{{ judged('llm_outputs') }}

select * from judged_rows
