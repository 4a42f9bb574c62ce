-- Revenue by month and channel under the default rule of credit, for months that are over; a channel
-- without credit in a month has 0.
with attribution as (
    select * from {{ ref('attribution') }}
),

methods as (
    select * from {{ ref('attribution_methods') }}
    where is_default
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

orders as (
    select * from {{ ref('orders') }}
),

first_orders as (
    select min(ordered_on) as first_ordered_on from orders
),

credited as (
    select
        attribution.month,
        attribution.channel,
        attribution.revenue
    from attribution
    inner join methods on attribution.method = methods.method
),

channels as (
    select distinct channel from credited
),

bounds as (
    select
        cast(
            date_trunc('month', first_orders.first_ordered_on - interval 1 day) + interval 1 month
            as date
        ) as first_month,
        as_of.last_month
    from first_orders
    cross join as_of
),

months as (
    select unnest(generate_series(first_month, last_month, interval 1 month)) as month
    from bounds
    where first_month <= last_month
),

credit_months as (
    select
        cast(months.month as date) as month,
        channels.channel,
        coalesce(credited.revenue, 0) as revenue
    from months
    cross join channels
    left join credited
        on cast(months.month as date) = credited.month and channels.channel = credited.channel
)

select * from credit_months
