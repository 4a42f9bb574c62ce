-- 1. The months are the last `segment_history_months` that ended by the as-of date, and the one
--    before them, from which the first of them moved.
-- 2. What a customer had bought by a month's end is what stood there the month before plus the
--    month's own orders: every order is read once, and months without any are filled in.
with orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

span as (
    select
        cast(
            last_month - interval {{ var('segment_history_months') }} month as date
        ) as first_month,
        cast(last_month + interval 1 month as date) as end_month
    from as_of
),

month_totals as (
    select
        orders.customer_id,
        greatest(cast(date_trunc('month', orders.ordered_on) as date), span.first_month) as month,
        max(orders.ordered_on) filter (orders.is_purchase) as last_ordered_on,
        count(*) filter (orders.is_purchase) as frequency,
        coalesce(sum(orders.revenue), 0) as monetary
    from orders
    cross join span
    -- later ones are of a month that is not over
    where orders.ordered_on < span.end_month
    group by all
),

running_totals as (
    select
        customer_id,
        month,
        max(last_ordered_on) over customer_history as last_ordered_on,
        sum(frequency) over customer_history as frequency,
        sum(monetary) over customer_history as monetary,
        lead(month) over (partition by customer_id order by month) as next_month
    from month_totals
    window customer_history as (
        partition by customer_id
        order by month
        rows between unbounded preceding and current row
    )
),

filled_months as (
    select
        running_totals.*,
        unnest(generate_series(
            running_totals.month,
            coalesce(running_totals.next_month, span.end_month) - interval 1 month,
            interval 1 month
        )) as filled_month
    from running_totals
    cross join span
    where running_totals.last_ordered_on is not null
),

measures as (
    select
        last_day(cast(filled_month as date)) as as_of_date,
        customer_id,
        last_day(cast(filled_month as date)) - last_ordered_on as recency_days,
        cast(frequency as bigint) as frequency,
        cast(monetary as decimal(18, 4)) as monetary
    from filled_months
)

select * from measures
