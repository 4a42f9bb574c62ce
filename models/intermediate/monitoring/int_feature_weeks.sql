-- What models learn from, by week, in bins: tenths of a number over all these weeks, or categories.
-- 1. Weeks that are over, of the newest 65: a year, and a quarter to compare its first weeks with.
-- 2. Equal numbers are in one bin. Categories beyond the twelve most frequent are one.
{%- set sources = [
    (ref('orders'), 'ordered_on', 'is_purchase', {
        'order_revenue': 'revenue', 'order_units': 'units', 'order_lines': 'line_count',
    }, {'order_sales_channel': 'sales_channel'}),
    (ref('order_lines'), 'ordered_on', 'quantity > 0', {'line_unit_price': 'unit_price'}, {}),
    (ref('deliveries'), 'delivered_on', 'is_delivered', {'delivery_days': 'days_to_deliver'},
        {'delivery_carrier': 'carrier', 'delivery_warehouse': 'warehouse'}),
    (ref('touchpoints'), shop_day('touched_at'), 'true', {},
        {'touch_channel': 'channel', 'touch_device': 'device', 'touch_region': 'region'}),
    (kept('ad_spend'), 'spent_on', 'spend_amount > 0', {'channel_spend': 'spend_amount'}, {}),
    (ref('support_tickets'), 'opened_on', 'true', {'ticket_handle_minutes': 'handle_minutes'},
        {'ticket_channel': 'channel', 'ticket_priority': 'priority', 'ticket_topic': 'topic'}),
    (kept('stock_levels'), 'counted_on', 'true', {'stock_on_hand_units': 'on_hand_units'}, {}),
] %}
with as_of as (
    select
        as_of_date,
        cast(date_trunc('week', as_of_date) as date) as this_week
    from {{ ref('int_as_of') }}
),

facts as (
    {% for relation, day, condition, numbers, categories in sources -%}
    select
        cast(date_trunc('week', {{ day }}) as date) as week,
        unnest([
            {%- for feature, number in numbers.items() %}
            {
                'feature': '{{ feature }}',
                'number': cast({{ number }} as double),
                'category': cast(null as varchar)
            }{{ ',' if not loop.last or categories }}
            {%- endfor %}
            {%- for feature, category in categories.items() %}
            {
                'feature': '{{ feature }}',
                'number': cast(null as double),
                'category': cast({{ category }} as varchar)
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as fact
    from {{ relation }}
    cross join as_of
    where
        {{ condition }}
        and {{ day }} >= as_of.this_week - 455
        and {{ day }} < as_of.this_week
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

placed as (
    select
        week,
        fact.feature as feature,
        fact.number as number,
        fact.category as category,
        percent_rank() over (partition by fact.feature order by fact.number) as place,
        count(*) over (partition by fact.feature, fact.category) as category_count
    from facts
    where fact.number is not null or fact.category is not null
),

binned as (
    select
        feature,
        case
            when category is null then cast(least(cast(floor(10 * place) as bigint), 9) as varchar)
            when
                dense_rank() over (
                    partition by feature, category is null
                    order by category_count desc, category asc
                ) > 12
                then 'others'
            else category
        end as bin,
        number,
        week
    from placed
)

select
    feature,
    bin,
    count(*) as case_count,
    min(number) as lowest,
    week
from binned
group by feature, bin, week
