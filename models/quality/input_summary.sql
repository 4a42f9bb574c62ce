-- Kept, rejected and duplicate rows are counted where they ended up, not by subtraction: that
-- they add up to the rows read is a test.
{%- set input_tables = [
    'customers', 'products', 'orders', 'order_lines', 'deliveries', 'delivery_months', 'complaints',
    'incidents', 'stock_levels', 'mentions', 'cancellations', 'touchpoints', 'ad_spend',
    'support_tickets', 'experiment_assignments'
] %}

with input_files as (
    select * from {{ source('load', 'input_files') }}
),

input_events as (
    select * from {{ ref('int_input_events') }}
),

rejections as (
    select
        input_table,
        count(*) as rows_rejected
    from {{ ref('rejected_rows') }}
    group by input_table
),

duplicates as (
    {% for input_table in input_tables %}
    select
        '{{ input_table }}' as input_table,
        count(*) as rows_duplicate
    from {{ ref('base_' ~ input_table) }}
    where row_status = 'duplicate'
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
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
        input_files.rows_read,
        input_events.rows_kept,
        coalesce(rejections.rows_rejected, 0) as rows_rejected,
        duplicates.rows_duplicate,
        coalesce(inferred.rows_inferred, 0) as rows_inferred,
        input_events.first_event_at,
        input_events.last_event_at
    from input_files
    inner join input_events on input_files.input_table = input_events.input_table
    inner join duplicates on input_files.input_table = duplicates.input_table
    left join rejections on input_files.input_table = rejections.input_table
    left join inferred on input_files.input_table = inferred.input_table
)

select * from input_summary
