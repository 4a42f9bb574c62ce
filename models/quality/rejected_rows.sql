{#- the columns that tell the rows of an input table apart -#}
{%- set keys = {
    'customers': ['customer_id'],
    'products': ['product_id'],
    'orders': ['order_id'],
    'order_lines': ['order_id', 'line_number'],
    'deliveries': ['delivery_id'],
    'delivery_months': ['month'],
    'complaints': [],
    'incidents': ['incident_id'],
    'stock_levels': ['product_id', 'counted_on', 'warehouse'],
    'mentions': [],
    'cancellations': [],
    'touchpoints': ['touchpoint_id'],
    'ad_spend': [],
    'support_tickets': ['ticket_id'],
    'experiment_assignments': ['experiment_id', 'customer_id'],
} -%}

with
{% for input_table in keys %}
rejected_{{ input_table }} as (
    select
        row_number,
        -- text as in a CSV: not every number can be written in JSON (NaN)
        cast(columns(* exclude (row_number)) as varchar)
    from {{ source('raw', input_table) }}
    where row_number in (
            select base.row_number
            from {{ ref('base_' ~ input_table) }} as base
            where base.row_status = 'rejected'
        )
),

{% endfor %}
rows_at_fault as (
    {% for input_table, key in keys.items() %}
    select
        '{{ input_table }}' as input_table,
        base.row_number,
        {% if key -%}
        concat_ws(
            ', '
            {%- for column in key %},
            raw_rows.{{ column }}
            {%- endfor %}
        ) as row_key,
        {%- else -%}
        cast(null as varchar) as row_key,
        {%- endif %}
        base.reasons,
        cast(to_json(raw_rows) as varchar) as row_json
    from {{ ref('base_' ~ input_table) }} as base
    inner join rejected_{{ input_table }} as raw_rows on base.row_number = raw_rows.row_number
    union all
    {% endfor %}
    select
        input_table,
        row_number,
        cast(null as varchar) as row_key,
        ['unreadable_row'] as reasons,
        cast(to_json({'line': line_text, 'fault': fault}) as varchar) as row_json
    from {{ source('load', 'unreadable_rows') }}
),

rejected_rows as (
    select
        input_table,
        row_number,
        nullif(row_key, '') as row_key,
        reasons[1] as reason,
        reasons,
        row_json
    from rows_at_fault
)

select * from rejected_rows
