-- The marts and input_summary agree: a mart has a row for every row read that is neither rejected
-- nor a duplicate nor after the as-of date, and for what is known from orders only.
with input_summary as (
    select * from {{ ref('input_summary') }}
),

mart_rows as (
    {% for mart in ['customers', 'products', 'orders', 'order_lines', 'deliveries', 'incidents'] %}
    select
        '{{ mart }}' as input_table,
        count(*) as row_count
    from {{ ref(mart) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    mart_rows.input_table,
    mart_rows.row_count,
    input_summary.rows_read,
    input_summary.rows_rejected,
    input_summary.rows_duplicate,
    input_summary.rows_inferred
from mart_rows
left join input_summary on mart_rows.input_table = input_summary.input_table
where
    mart_rows.row_count
    is distinct from
    input_summary.rows_read
    - input_summary.rows_rejected
    - input_summary.rows_duplicate
    - input_summary.rows_after_as_of
    + input_summary.rows_inferred
