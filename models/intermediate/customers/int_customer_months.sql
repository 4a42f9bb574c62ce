-- 1. The months are the last `segment_history_months` that ended by the as-of date, and the one
--    before them, from which the first of them moved.
-- 2. What a customer had bought by a month's end is what stood there the month before plus the
--    month's own orders: every order is read once.
with orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

months as (
    select
        cast(
            unnest(generate_series(
                date_trunc('month', as_of_date + 1)
                - to_months({{ var('segment_history_months') }} + 1),
                date_trunc('month', as_of_date + 1) - to_months(1),
                interval 1 month
            )) as date
        ) as month
    from as_of
),

first_month as (
    select min(month) as month
    from months
),

month_totals as (
    select
        orders.customer_id,
        greatest(cast(date_trunc('month', orders.ordered_on) as date), first_month.month) as month,
        max(orders.ordered_on) filter (orders.is_purchase) as last_ordered_on,
        count(*) filter (orders.is_purchase) as frequency,
        coalesce(sum(orders.revenue), 0) as monetary
    from orders
    cross join first_month
    group by all
),

customer_months as (
    select
        customers.customer_id,
        months.month
    from (select distinct month_totals.customer_id from month_totals) as customers
    cross join months
),

running_totals as (
    select
        customer_months.customer_id,
        last_day(customer_months.month) as as_of_date,
        max(month_totals.last_ordered_on) over customer_history as last_ordered_on,
        sum(month_totals.frequency) over customer_history as frequency,
        sum(month_totals.monetary) over customer_history as monetary
    from customer_months
    left join month_totals
        on
            customer_months.customer_id = month_totals.customer_id
            and customer_months.month = month_totals.month
    window customer_history as (
        partition by customer_months.customer_id
        order by customer_months.month
        rows between unbounded preceding and current row
    )
),

measures as (
    select
        as_of_date,
        customer_id,
        as_of_date - last_ordered_on as recency_days,
        cast(frequency as bigint) as frequency,
        cast(monetary as decimal(18, 4)) as monetary
    from running_totals
    where last_ordered_on is not null
)

select * from measures
