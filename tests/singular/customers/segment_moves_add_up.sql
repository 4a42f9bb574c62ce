-- Who was in a segment at a month's end came from somewhere: the moves into a segment are its
-- customers, and the moves out of it (staying is one) are its customers of the month before.
with history as (
    select
        month,
        segment,
        count(*) as customer_count
    from {{ ref('customer_segments_history') }}
    where status = 'ok'
    group by month, segment
),

first_month as (
    select min(month) as month
    from history
),

arrivals as (
    select
        month,
        to_segment as segment,
        sum(customer_count) as customer_count
    from {{ ref('segment_migrations') }}
    group by month, to_segment
),

departures as (
    select
        month - interval 1 month as month,
        from_segment as segment,
        sum(customer_count) as customer_count
    from {{ ref('segment_migrations') }}
    where from_segment <> 'Not yet a customer'
    group by all
)

select
    history.month,
    history.segment,
    history.customer_count,
    arrivals.customer_count as arrived_count,
    departures.customer_count as departed_count
from history
cross join first_month
left join arrivals on history.month = arrivals.month and history.segment = arrivals.segment
left join departures on history.month = departures.month and history.segment = departures.segment
where
    (
        history.month > first_month.month
        and arrivals.customer_count is distinct from history.customer_count
    )
    or (
        departures.customer_count is distinct from history.customer_count
        and history.month < (select max(last_history.month) from history as last_history)
    )
