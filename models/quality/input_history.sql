-- 1. Compared with the newest build of an earlier day (int_input_memory); a build repeated on its day
--    replaces what it said.
-- 2. Builds before are kept, of each table the newest `score_builds`.
with input_files as (
    select * from {{ source('load', 'input_files') }}
),

summary as (
    select * from {{ ref('input_summary') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
    where as_of_date is not null
),

memory as (
    select * from {{ ref('int_input_memory') }}
),

settings as (
    {{ in_a_row(ref('monitoring_settings'), 'setting', ['score_builds']) }}
),

newest as (
    select * from memory
    where age_rank = 1
),

differences as (
    select * from {{ ref('int_input_columns') }}
),

built as (
    select
        input_files.input_table,
        case
            when newest.input_table is null and input_files.column_names is not null
                then 'first_build'
            when coalesce(input_files.column_names, newest.column_names) is null then 'not_provided'
            when input_files.column_names is null then 'lost_file'
            when newest.column_names is null then 'new_file'
            when input_files.column_names <> newest.column_names then 'columns_changed'
            else 'same_columns'
        end as status,
        case
            when newest.input_table is not null then differences.added_columns
        end as added_columns,
        differences.missing_columns,
        input_files.column_names,
        summary.rows_read,
        summary.rows_rejected,
        summary.rows_rejected / nullif(summary.rows_read, 0) as rejected_rate,
        newest.rows_read as rows_before,
        newest.rejected_rate as rejected_rate_before,
        date_diff('day', cast(summary.last_event_at as date), as_of.as_of_date) as age_days,
        cast(summary.last_event_at as date) as newest_event_on,
        newest.as_of_date as compared_with,
        coalesce(as_of.first_event_on, as_of.as_of_date) as history_from,
        as_of.as_of_date
    from input_files
    inner join summary on input_files.input_table = summary.input_table
    cross join as_of
    left join newest on input_files.input_table = newest.input_table
    left join differences on input_files.input_table = differences.input_table
)

select * from built
union all
select
    memory.input_table,
    memory.status,
    memory.added_columns,
    memory.missing_columns,
    memory.column_names,
    memory.rows_read,
    memory.rows_rejected,
    memory.rejected_rate,
    memory.rows_before,
    memory.rejected_rate_before,
    memory.age_days,
    memory.newest_event_on,
    memory.compared_with,
    memory.history_from,
    memory.as_of_date
from memory
inner join settings on memory.age_rank < settings.score_builds
