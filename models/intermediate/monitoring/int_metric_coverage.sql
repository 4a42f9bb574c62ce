-- 1. The months of a domain are known until today, but no longer than its input was ever silent: when
--    orders stop for longer than the longest gap of their last year, the file has ended, not trade.
-- 2. An input dated on first days of months only holds totals of months, and those of delivery_months
--    are such by their nature: the last of them is whole.
with orders as (
    select * from {{ ref('orders') }}
),

deliveries as (
    select * from {{ ref('deliveries') }}
),

delivery_performance as (
    select * from {{ ref('delivery_performance') }}
),

mentions as (
    select * from {{ kept('mentions') }}
),

incidents as (
    select * from {{ ref('incidents') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

event_days as (
    select
        'orders' as domain,
        ordered_on as event_on
    from orders
    union
    select
        'deliveries' as domain,
        delivered_on as event_on
    from deliveries
    where delivered_on is not null
    union
    select
        'deliveries' as domain,
        month as event_on
    from delivery_performance
    where figures_from = 'delivery_months'
    union
    select
        'mentions' as domain,
        mentioned_on as event_on
    from mentions
    union
    select
        'incidents' as domain,
        occurred_on as event_on
    from incidents
),

months_added_up as (
    select
        'deliveries' as domain,
        last_day(max(month)) as whole_until
    from delivery_performance
    where figures_from = 'delivery_months'
),

gaps as (
    select
        domain,
        event_on,
        cast(
            event_on - lag(event_on) over (partition by domain order by event_on) as integer
        ) as gap_days,
        max(event_on) over (partition by domain) as last_event_on
    from event_days
),

domains as (
    select
        domain,
        max(last_event_on) as last_event_on,
        coalesce(max(gap_days) filter (event_on > last_event_on - 365), 0) as longest_gap_days,
        count(*) > 1 and bool_and(day(event_on) = 1) as has_month_totals
    from gaps
    group by domain
),

metric_coverage as (
    select
        domains.domain,
        -- greatest() and least() pass over nulls
        greatest(
            least(as_of.as_of_date, domains.last_event_on + domains.longest_gap_days),
            case when domains.has_month_totals then last_day(domains.last_event_on) end,
            months_added_up.whole_until
        ) as covered_until
    from domains
    cross join as_of
    left join months_added_up on domains.domain = months_added_up.domain
)

select * from metric_coverage
