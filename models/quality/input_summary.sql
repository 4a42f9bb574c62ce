-- 1. Kept, rejected and duplicate rows are counted where they ended up, not by subtraction: that
--    they add up to the rows read is a test.
-- 2. What begins after the as-of date is no fault of the data and is counted apart.
-- 3. Only what has happened is an event: a promised day or a planned campaign is none.
-- 4. Figures of the months in which a row is missed that was rejected are those of the rest
--    (int_rejected_days); where its day could not be read they may be those of any month.
with input_files as (
    select * from {{ source('load', 'input_files') }}
),

rejections as (
    select
        input_table,
        count(*) as rows_rejected
    from {{ ref('rejected_rows') }}
    group by input_table
),

staged as (
    {% for input_table in var('inputs') %}
    {%- set contract = input_contract(input_table) -%}
    {%- set events = event_columns(contract) if contract else [] %}
    select
        '{{ input_table }}' as input_table,
        count(*) filter (row_status = 'kept') as rows_kept,
        count(*) filter (row_status = 'duplicate') as rows_duplicate,
        count(*) filter (row_status = 'after_as_of') as rows_after_as_of,
        cast({{ extreme('min', 'least', events) }} as timestamp) as first_event_at,
        cast({{ extreme('max', 'greatest', events) }} as timestamp) as last_event_at
    from {{ ref('stg_' ~ input_table) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

missed as (
    select
        input_table,
        count(distinct date_trunc('month', day)) as unknown_month_count,
        bool_or(day is null) as has_unknown_day,
        cast(date_trunc('month', max(day)) as date) as last_unknown_month
    from {{ ref('int_rejected_days') }}
    group by input_table
),

inferred as (
    select
        'customers' as input_table,
        count(*) as rows_inferred
    from {{ ref('customers') }}
    where not is_registered
    union all
    select
        'products' as input_table,
        count(*) as rows_inferred
    from {{ ref('products') }}
    where not is_listed
),

input_summary as (
    select
        input_files.input_table,
        input_files.is_provided,
        input_files.source_file,
        coalesce(missed.has_unknown_day, false) as has_unknown_day,
        input_files.rows_read,
        staged.rows_kept,
        coalesce(rejections.rows_rejected, 0) as rows_rejected,
        staged.rows_duplicate,
        staged.rows_after_as_of,
        coalesce(inferred.rows_inferred, 0) as rows_inferred,
        coalesce(missed.unknown_month_count, 0) as unknown_month_count,
        missed.last_unknown_month,
        staged.first_event_at,
        staged.last_event_at
    from input_files
    inner join staged on input_files.input_table = staged.input_table
    left join rejections on input_files.input_table = rejections.input_table
    left join inferred on input_files.input_table = inferred.input_table
    left join missed on input_files.input_table = missed.input_table
)

select * from input_summary
