-- One SQL per source, not per metric: a row holds the slices it counts in and the figures it adds to
-- (counts have no denominator, that of a sum is its cases). A metric without a figure here is an error
-- (every_daily_metric_has_its_sql_and_its_rule), and the figures add up to those of the months
-- (daily_metrics_add_up_to_the_months). Whether a delivery is on time is known on the day it was
-- promised for: by its end it is there or not.
{%- set unknown = 'cast(null as double)' %}
{%- set stock = "count(*) filter (on_hand_units <= 0)" %}
{%- set bought = "case when count(*) filter (is_purchase and revenue is null) = 0
            then coalesce(sum(revenue) filter (is_purchase), 0) end" %}
{%- set taken = "case when count(revenue) = count(*) then sum(revenue) end" %}
{%- set sources = [
    ('orders', ref('orders'), 'ordered_on', ['sales_channel'], {
        'revenue': (taken, 'count(*)'),
        'order_count': ('count(*) filter (is_purchase)', 'null'),
        'average_order_value': (bought, 'count(*) filter (is_purchase)'),
        'cancelled_rate': (
            "count(*) filter (order_status = 'cancelled')",
            "count(*) filter (is_purchase or order_status = 'cancelled')",
        ),
    }),
    ('orders', ref('customers'), 'first_ordered_on', [], {'new_customer_count': ('count(*)', 'null')}),
    ('deliveries', ref('deliveries'), 'delivered_on', ['carrier', 'warehouse'], {
        'delivery_count': ('count(*)', 'null'),
        'average_delivery_days': ('sum(days_to_deliver)', 'count(days_to_deliver)'),
    }),
    ('deliveries', ref('deliveries'), 'promised_on', ['carrier', 'warehouse'],
        {'on_time_rate': ('count(*) filter (is_on_time)', 'count(*) filter (not has_rejected_state)')}),
    ('complaints', kept('complaints'), 'complained_on', [],
        {'complaint_count': ('sum(coalesce(complaint_count, 1))', 'null')}),
    ('mentions', kept('mentions'), 'mentioned_on', ['source'], {
        'mention_count': ('sum(positive_count + negative_count + neutral_count)', 'null'),
        'negative_mention_rate': (
            'sum(negative_count)', 'sum(positive_count + negative_count + neutral_count)',
        ),
    }),
    ('support_tickets', ref('support_tickets'), 'opened_on', ['team', 'channel'],
        {'ticket_count': ('count(*)', 'null')}),
    ('support_tickets', ref('support_tickets'), shop_day('first_replied_at'), ['team'],
        {'reply_count': ('count(*)', 'null')}),
    ('touchpoints', ref('touchpoints'), shop_day('touched_at'), ['channel', 'device'],
        {'touch_count': ('count(*)', 'null')}),
    ('ad_spend', kept('ad_spend'), 'spent_on', ['channel'],
        {'ad_spend': ('sum(spend_amount)', 'null')}),
    ('inputs', ref('int_input_facts'), 'day', ['input_table'], {
        'rejected_rate': ('sum(rejected_count)', 'sum(row_count)'),
    }),
    ('stock_levels', kept('stock_levels'), 'counted_on', [],
        {'out_of_stock_rate': (stock, 'count(*)')}),
] %}
with day_facts as (
    {% for source, relation, day, dimensions, metrics in sources -%}
    select
        '{{ source }}' as source,
        {{ day }} as day,
        [
            {'dimension': 'all', 'entity': 'all'}
            {%- for dimension in dimensions -%}
            , {'dimension': '{{ dimension }}', 'entity': cast({{ dimension }} as varchar)}
            {%- endfor %}
        ] as slices,
        [
            {%- for metric, (numerator, denominator) in metrics.items() %}
            {
                'metric': '{{ metric }}',
                'numerator': cast({{ numerator }} as double),
                'denominator': cast({{ denominator }} as double)
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ] as figures
    from {{ relation }}
    where {{ day }} is not null
    group by {{ ([day] + dimensions) | join(', ') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- without a day: what can be counted, whether or not it was
declared as (
    {% for source, relation, day, dimensions, metrics in sources -%}
    select
        '{{ source }}' as source,
        cast(null as date) as day,
        [{'dimension': 'all', 'entity': cast(null as varchar)}] as slices,
        [
            {%- for metric in metrics %}
            {'metric': '{{ metric }}', 'numerator': {{ unknown }}, 'denominator': {{ unknown }}}
            {{- ',' if not loop.last }}
            {%- endfor %}
        ] as figures
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

metric_facts as (
    select * from day_facts
    union all
    select * from declared
)

select * from metric_facts
