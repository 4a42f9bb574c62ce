-- 1. The months of an input are known until today, but no longer than it was ever silent: when
--    orders stop for longer than the longest gap of their last year, the file has ended, not trade.
--    The same holds for its beginning.
-- 2. An input dated on first days of months only holds totals of months, and delivery_months is such
--    by its nature: the last of them is whole.
-- 3. An input that is not there, or of which no row can be used, has no row: nothing is known of it,
--    which is not the same as nothing having happened.
{%- set event_days = {
    'orders': shop_day('ordered_at'),
    'deliveries': shop_day('delivered_at'),
    'delivery_months': 'month',
    'complaints': 'complained_on',
    'mentions': 'mentioned_on',
    'incidents': 'occurred_on',
    'support_tickets': shop_day('opened_at'),
} %}
with as_of as (
    select * from {{ ref('int_as_of') }}
),

event_days as (
    {% for input_table, day in event_days.items() -%}
    select distinct
        '{{ input_table }}' as input_table,
        {{ day }} as event_on
    from {{ kept(input_table) }}
    where {{ day }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

gaps as (
    select
        input_table,
        event_on,
        date_diff(
            'day', lag(event_on) over (partition by input_table order by event_on), event_on
        ) as gap_days,
        max(event_on) over (partition by input_table) as last_event_on
    from event_days
),

spans as (
    select
        input_table,
        min(event_on) as first_event_on,
        max(last_event_on) as last_event_on,
        cast(
            coalesce(max(gap_days) filter (event_on > last_event_on - 365), 0) as integer
        ) as longest_gap_days,
        input_table = 'delivery_months' or count(*) > 1 and bool_and(day(event_on) = 1)
            as has_month_totals
    from gaps
    group by input_table
),

input_coverage as (
    select
        spans.input_table,
        spans.first_event_on - spans.longest_gap_days as covered_from,
        -- greatest() passes over nulls
        greatest(
            least(as_of.as_of_date, spans.last_event_on + spans.longest_gap_days),
            case when spans.has_month_totals then last_day(spans.last_event_on) end
        ) as covered_until
    from spans
    cross join as_of
)

select * from input_coverage
