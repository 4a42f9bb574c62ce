{#- the columns of each input that say when something happened -#}
{%- set event_columns = {
    'customers': ['signed_up_on'],
    'products': [],
    'orders': ['ordered_at'],
    'order_lines': [],
    'deliveries': ['shipped_at', 'delivered_at'],
    'delivery_months': ['month'],
    'complaints': ['complained_on'],
    'incidents': ['occurred_on', 'resolved_at'],
    'stock_levels': ['counted_on'],
    'mentions': ['mentioned_on'],
    'cancellations': ['cancelled_on'],
    'touchpoints': ['touched_at'],
    'ad_spend': ['spent_on'],
    'support_tickets': ['opened_at', 'first_replied_at', 'resolved_at'],
    'experiment_assignments': ['assigned_at'],
} -%}

with input_events as (
    {% for input_table, columns in event_columns.items() %}
    select
        '{{ input_table }}' as input_table,
        count(*) as rows_kept,
        {% if columns | length == 0 -%}
        cast(null as timestamp) as first_event_at,
        cast(null as timestamp) as last_event_at
        {%- elif columns | length == 1 -%}
        cast(min({{ columns[0] }}) as timestamp) as first_event_at,
        cast(max({{ columns[0] }}) as timestamp) as last_event_at
        {%- else -%}
        cast(min(least({{ columns | join(', ') }})) as timestamp) as first_event_at,
        cast(max(greatest({{ columns | join(', ') }})) as timestamp) as last_event_at
        {%- endif %}
    from {{ ref('stg_' ~ input_table) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from input_events
