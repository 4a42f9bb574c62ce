-- A row that could not be used counts on its day, where the day could be read and can be believed.
{%- set inputs = {
    'orders': shop_day('ordered_at'),
    'deliveries': 'promised_on',
    'complaints': 'complained_on',
    'mentions': 'mentioned_on',
    'touchpoints': shop_day('touched_at'),
    'ad_spend': 'spent_on',
    'support_tickets': shop_day('opened_at'),
    'stock_levels': 'counted_on',
} %}
with as_of as (
    select * from {{ ref('int_as_of') }}
),

days as (
    {% for input_table, day in inputs.items() -%}
    select
        '{{ input_table }}' as input_table,
        {{ day }} as day,
        count(*) filter (row_status = 'rejected') as rejected_count,
        count(*) filter (row_status in ('kept', 'rejected')) as row_count
    from {{ ref('stg_' ~ input_table) }}
    where {{ day }} is not null
    group by {{ day }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

input_facts as (
    select days.*
    from days
    inner join as_of on days.day between as_of.first_event_on and as_of.as_of_date
)

select * from input_facts
