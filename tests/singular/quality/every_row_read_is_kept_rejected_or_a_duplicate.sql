-- input_summary and the loader's list of inputs agree: every input is summed up, and its rows are
-- as many as those kept, rejected, repeated and left out for the as-of date.
with input_files as (
    select * from {{ source('load', 'input_files') }}
),

input_summary as (
    select * from {{ ref('input_summary') }}
)

select
    input_files.input_table,
    input_files.rows_read,
    input_summary.rows_kept,
    input_summary.rows_rejected,
    input_summary.rows_duplicate,
    input_summary.rows_after_as_of
from input_files
full join input_summary on input_files.input_table = input_summary.input_table
where
    input_files.rows_read
    is distinct from
    input_summary.rows_kept + input_summary.rows_rejected + input_summary.rows_duplicate
    + input_summary.rows_after_as_of
