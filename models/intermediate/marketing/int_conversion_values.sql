-- One row per customer, day and feature that has a value; a name such as `last channel: mail` is a
-- feature that is 1 or not there.
with histories as (
    select * from {{ ref('int_conversion_histories') }}
),

touches as (
    select * from {{ ref('int_conversion_touches') }}
),

seen as (
    select distinct
        customer_id,
        as_of_date,
        is_current,
        channel
    from touches
),

{%- set numbers = {
    'touches': 'ln(1 + touch_count)',
    'touches of the week': 'ln(1 + recent_touch_count)',
    'channels seen': 'channel_count',
    'evening share': 'evening_count / cast(touch_count as double)',
    'weekend share': 'weekend_count / cast(touch_count as double)',
    'days since first touch': 'ln(1 + first_touch_days)',
    'days since last touch': 'ln(1 + last_touch_days)',
    'gap between touches': 'ln(1 + span_hours / nullif(touch_count - 1, 0))',
    'orders': 'ln(1 + order_count)',
    'revenue': 'ln(1 + greatest(revenue, 0))',
    'days since last order': 'ln(1 + last_order_days)',
    'recency score': 'recency_score',
    'frequency score': 'frequency_score',
    'monetary score': 'monetary_score',
} %}
{%- set names = {
    'first channel': 'first_channel', 'last channel': 'last_channel', 'device': 'device',
    'region': 'region', 'segment': 'segment', 'history': 'history',
} %}

conversion_values as (
    {% for feature, value in numbers.items() -%}
    select
        customer_id,
        as_of_date,
        is_current,
        '{{ feature }}' as feature,
        cast({{ value }} as double) as value
    from histories
    where {{ value }} is not null
    union all
    {% endfor -%}
    {% for feature, value in names.items() -%}
    select
        customer_id,
        as_of_date,
        is_current,
        '{{ feature }}: ' || {{ value }} as feature,
        cast(1 as double) as value
    from histories
    where {{ value }} is not null
    union all
    {% endfor -%}
    select
        customer_id,
        as_of_date,
        is_current,
        'saw: ' || channel as feature,
        cast(1 as double) as value
    from seen
)

select * from conversion_values
