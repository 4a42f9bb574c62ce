-- Days of which more has been there than an input says: a row of the day was rejected, or a newer state
-- of one was. Counts, sums and shares over such a day are those of the rest.
-- 1. A rejected row is none of its own where a row of its key is kept that is newer for sure.
-- 2. A row is missed on every day that it counts on: a delivery on that of its promise and its arrival.
-- 3. One whose days could not be read may be missed on any, and stands here without a day; so does a line
--    with more or fewer fields than the header. A line of one field (`(12 rows)`) is none, nor are the
--    header's names.
{%- set inputs = {
    'orders': {'ordered_at': shop_day('ordered_at')},
    'deliveries': {'promised_on': 'promised_on', 'delivered_at': shop_day('delivered_at')},
    'delivery_months': {'month': 'month'},
    'complaints': {'complained_on': 'complained_on'},
    'mentions': {'mentioned_on': 'mentioned_on'},
    'incidents': {'occurred_on': 'occurred_on'},
    'cancellations': {'cancelled_on': 'cancelled_on'},
    'support_tickets': {
        'opened_at': shop_day('opened_at'), 'first_replied_at': shop_day('first_replied_at'),
    },
    'ticket_events': {'occurred_at': shop_day('occurred_at')},
    'touchpoints': {'touched_at': shop_day('touched_at')},
    'ad_spend': {'spent_on': 'spent_on'},
    'stock_levels': {'counted_on': 'counted_on'},
} %}
with as_of as (
    select * from {{ ref('int_as_of') }}
),

{% for input_table, days in inputs.items() -%}
{%- set key = ((input_contract(input_table) or {}).key or ['row_number']) -%}
{%- set known = [] -%}
{%- for column, day in days.items() -%}
{%- do known.append(
    "case when coalesce(not list_contains(reasons, 'implausible_" ~ column ~ "'), true) then "
    ~ day ~ ' end'
) -%}
{%- endfor -%}
{{ input_table }}_suspects as (
    select *
    from {{ kept_or_rejected(input_table) }}
    where reasons is not null or has_rejected_state
),

{{ input_table }}_settled as (
    select {{ key[0] }} as settled_key
    from {{ kept(input_table) }}
    where has_rejected_state is not true and {{ key[0] }} is not null and {{ key | length }} = 1
),

{{ input_table }}_missed as (
    select
        {{ known | first }} as first_day,
        {{ known | last }} as last_day
    from {{ input_table }}_suspects
    left join {{ input_table }}_settled on {{ key[0] }} = settled_key
    where has_rejected_state or settled_key is null
),

{% endfor -%}
missed_days as (
    {% for input_table in inputs -%}
    select
        '{{ input_table }}' as input_table,
        unnest([coalesce(first_day, last_day), coalesce(last_day, first_day)]) as day
    from {{ input_table }}_missed
    union
    {% endfor -%}
    select
        input_table,
        cast(null as date) as day
    from {{ source('load', 'unreadable_rows') }}
    where
        regexp_matches(line_text, '[,;|\t]')
        and fault <> 'the names of the columns once more'
),

rejected_days as (
    select
        missed_days.input_table,
        missed_days.day
    from missed_days
    cross join as_of
    where coalesce(missed_days.day <= as_of.as_of_date, true)
)

select * from rejected_days
