-- The staging tables agree with the keys of inputs.md: of rows with one key, one is kept. Marts
-- keep this by their primary keys; here it holds for the tables that no mart is made of, too.
{%- set keys = {
    'customers': 'customer_id',
    'products': 'product_id',
    'orders': 'order_id',
    'deliveries': 'delivery_id',
    'delivery_months': 'month',
    'incidents': 'incident_id',
    'stock_levels': 'product_id, counted_on, warehouse',
    'touchpoints': 'touchpoint_id',
    'support_tickets': 'ticket_id',
    'experiment_assignments': 'experiment_id, customer_id',
} %}

with repeated_keys as (
    {% for input_table, key in keys.items() %}
    select
        '{{ input_table }}' as input_table,
        concat_ws(', ', {{ key }}) as row_key,
        count(*) as row_count
    from {{ ref('stg_' ~ input_table) }}
    group by {{ key }}
    having count(*) > 1
    union all
    {% endfor %}
    select
        'order_lines' as input_table,
        concat_ws(', ', order_id, line_number) as row_key,
        count(*) as row_count
    from {{ kept('order_lines') }}
    where line_number is not null
    group by order_id, line_number
    having count(*) > 1
)

select * from repeated_keys
