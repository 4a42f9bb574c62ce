-- What models learn from, by week, in bins: tenths of a number over all these weeks, or categories.
-- 1. Weeks that are over, of the newest 65: a year, and a quarter to compare its first weeks with.
-- 2. Equal numbers are in one bin. Categories beyond the twelve most frequent are one.
{%- set kinds = {'numbers': ('number', 'double'), 'categories': ('category', 'varchar')} -%}
{%- set sources = [
    (ref('orders'), 'ordered_on', 'is_purchase', {
        'numbers': {
            'order_revenue': 'revenue', 'order_units': 'units', 'order_lines': 'line_count',
        },
        'categories': {'order_sales_channel': 'sales_channel'},
    }),
    (ref('order_lines'), 'ordered_on', 'quantity > 0', {
        'numbers': {'line_unit_price': 'unit_price'},
    }),
    (ref('deliveries'), 'delivered_on', 'is_delivered', {
        'numbers': {'delivery_days': 'days_to_deliver'},
        'categories': {'delivery_carrier': 'carrier', 'delivery_warehouse': 'warehouse'},
    }),
    (ref('touchpoints'), shop_day('touched_at'), 'true', {
        'categories': {
            'touch_channel': 'channel', 'touch_device': 'device', 'touch_region': 'region',
        },
    }),
    (kept('ad_spend'), 'spent_on', 'spend_amount > 0', {
        'numbers': {'channel_spend': 'spend_amount'},
    }),
    (ref('support_tickets'), 'opened_on', 'true', {
        'numbers': {'ticket_handle_minutes': 'handle_minutes'},
        'categories': {
            'ticket_channel': 'channel', 'ticket_priority': 'priority', 'ticket_topic': 'topic',
        },
    }),
    (kept('stock_levels'), 'counted_on', 'true', {
        'numbers': {'stock_on_hand_units': 'on_hand_units'},
    }),
] %}
with as_of as (
    select
        as_of_date,
        cast(date_trunc('week', as_of_date) as date) as this_week
    from {{ ref('int_as_of') }}
),

-- numbers and categories apart: rows of a few bytes, and no window over all numbers for the categories
{% for kind, (value, type) in kinds.items() -%}
{{ kind }} as (
    {% for relation, day, condition, features in sources if features[kind] -%}
    {{ 'union all' if not loop.first }}
    select
        cast(date_trunc('week', {{ day }}) as date) as week,
        unnest([
            {%- for feature, column in features[kind].items() %}
            {
                'feature': '{{ feature }}',
                '{{ value }}': cast({{ column }} as {{ type }})
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as fact
    from {{ relation }}
    cross join as_of
    where
        {{ condition }}
        and {{ day }} >= as_of.this_week - 455
        and {{ day }} < as_of.this_week
    {% endfor %}
),

{% endfor -%}
placed as (
    select
        week,
        fact.feature as feature,
        fact.number as number,
        percent_rank() over (partition by fact.feature order by fact.number) as place
    from numbers
    where fact.number is not null
),

category_weeks as (
    select
        week,
        fact.feature as feature,
        fact.category as category,
        count(*) as case_count
    from categories
    where fact.category is not null
    group by all
),

ranked as (
    select
        feature,
        category,
        row_number() over (
            partition by feature order by sum(case_count) desc, category asc
        ) as category_rank
    from category_weeks
    group by feature, category
)

select
    feature,
    cast(least(cast(floor(10 * place) as bigint), 9) as varchar) as bin,
    count(*) as case_count,
    min(number) as lowest,
    week
from placed
group by feature, bin, week

union all

select
    category_weeks.feature,
    case when ranked.category_rank > 12 then 'others' else category_weeks.category end as bin,
    cast(sum(category_weeks.case_count) as bigint) as case_count,
    cast(null as double) as lowest,
    category_weeks.week
from category_weeks
inner join ranked
    on category_weeks.feature = ranked.feature and category_weeks.category = ranked.category
group by category_weeks.feature, bin, category_weeks.week
