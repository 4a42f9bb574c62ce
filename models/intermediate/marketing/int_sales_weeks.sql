-- Weeks (from Monday) that are whole: not the first of the orders, and not the one not over yet.
with orders as (
    select * from {{ ref('orders') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

bounds as (
    select
        cast(date_trunc('week', min(orders.ordered_on) + 6) as date) as first_week,
        cast(date_trunc('week', max(as_of.as_of_date) + 1) as date) - 7 as last_week
    from orders
    cross join as_of
),

weeks as (
    select unnest(generate_series(first_week, last_week, interval 7 day)) as week
    from bounds
    where first_week <= last_week
),

summed as (
    select
        cast(date_trunc('week', ordered_on) as date) as week,
        sum(revenue) as revenue,
        count(*) as order_count
    from orders
    where is_purchase
    group by week
),

sales_weeks as (
    select
        cast(weeks.week as date) as week,
        cast(extract(month from weeks.week + interval 3 day) as bigint) as month_of_year,
        cast(coalesce(summed.revenue, 0) as double) as revenue,
        coalesce(summed.order_count, 0) as order_count
    from weeks
    left join summed on cast(weeks.week as date) = summed.week
)

select * from sales_weeks
