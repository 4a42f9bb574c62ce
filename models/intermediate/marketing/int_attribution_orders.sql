-- Orders and revenue by month: all, and those that have a journey.
with orders as (
    select * from {{ ref('orders') }}
),

journeys as (
    select * from {{ ref('journeys') }}
    where is_converted
),

attribution_orders as (
    select
        cast(date_trunc('month', orders.ordered_on) as date) as month,
        count(*) filter (orders.is_purchase) as order_count,
        count(journeys.order_id) as journey_order_count,
        cast(coalesce(sum(orders.revenue), 0) as double) as revenue,
        cast(
            coalesce(sum(orders.revenue) filter (journeys.order_id is not null), 0) as double
        ) as journey_revenue
    from orders
    left join journeys on orders.order_id = journeys.order_id
    group by month
)

select * from attribution_orders
