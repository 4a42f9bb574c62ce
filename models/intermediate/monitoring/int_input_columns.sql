with input_files as (
    select * from {{ source('load', 'input_files') }}
),

memory as (
    select * from {{ ref('int_input_memory') }}
    where age_rank = 1
),

columns_now as (
    select
        input_table,
        unnest(string_split(column_names, ', ')) as column_name
    from input_files
),

columns_before as (
    select
        input_table,
        unnest(string_split(column_names, ', ')) as column_name
    from memory
)

select
    coalesce(columns_now.input_table, columns_before.input_table) as input_table,
    string_agg(columns_now.column_name, ', ' order by columns_now.column_name) filter (
        columns_before.column_name is null
    ) as added_columns,
    string_agg(columns_before.column_name, ', ' order by columns_before.column_name) filter (
        columns_now.column_name is null
    ) as missing_columns
from columns_now
full outer join columns_before
    on
        columns_now.input_table = columns_before.input_table
        and columns_now.column_name = columns_before.column_name
group by coalesce(columns_now.input_table, columns_before.input_table)
