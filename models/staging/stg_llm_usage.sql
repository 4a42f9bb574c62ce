with source as (
    select * from {{ source('raw', 'llm_usage') }}
),

cast_rows as (
    select {{ cast_columns('llm_usage') }}
    from source
),

checked_rows as (
    select {{ checked_columns('llm_usage') }}
    from cast_rows
),

{{ judged('llm_usage') }}

select * from judged_rows
