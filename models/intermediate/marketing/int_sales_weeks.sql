-- Weeks (from Monday) that are whole: not the first of the orders, and not the one not over yet.
with orders as (
    select * from {{ ref('orders') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

campaigns as (
    select * from {{ kept('campaigns') }}
    where discount_rate > 0
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

discounts as (
    select
        cast(weeks.week as date) as week,
        sum(
            cast(campaigns.discount_rate as double)
            * (
                least(campaigns.ends_on, cast(weeks.week as date) + 6)
                - greatest(campaigns.starts_on, cast(weeks.week as date)) + 1
            )
        ) / 7 as discount_rate
    from weeks
    inner join campaigns
        on
            campaigns.starts_on <= cast(weeks.week as date) + 6
            and campaigns.ends_on >= cast(weeks.week as date)
    group by weeks.week
),

sales_weeks as (
    select
        cast(weeks.week as date) as week,
        cast(extract(month from weeks.week + interval 3 day) as bigint) as month_of_year,
        cast(coalesce(summed.revenue, 0) as double) as revenue,
        coalesce(summed.order_count, 0) as order_count,
        round(coalesce(discounts.discount_rate, 0), 9) as covariate_discount
    from weeks
    left join summed on cast(weeks.week as date) = summed.week
    left join discounts on cast(weeks.week as date) = discounts.week
)

select * from sales_weeks
