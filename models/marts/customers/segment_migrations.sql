-- 1. Everybody who was in a segment at a month's end was somewhere the month before: in a segment,
--    or not yet a customer.
-- 2. Staying is a move from a segment to itself, so the moves of a month add up to its customers.
-- 3. The revenue of a move is what its customers brought in that month.
with history as (
    select * from {{ ref('customer_segments_history') }}
    where status = 'ok'
),

first_month as (
    select min(month) as month
    from history
),

moves as (
    select
        history.month,
        coalesce(months_before.segment, 'Not yet a customer') as from_segment,
        history.segment as to_segment,
        history.monetary - coalesce(months_before.monetary, 0) as revenue
    from history
    cross join first_month
    left join history as months_before
        on
            history.customer_id = months_before.customer_id
            and months_before.month = history.month - interval 1 month
    where history.month > first_month.month
),

segment_migrations as (
    select
        from_segment,
        to_segment,
        count(*) as customer_count,
        cast(sum(revenue) as decimal(18, 4)) as revenue,
        month
    from moves
    group by from_segment, to_segment, month
)

select * from segment_migrations
