-- customers and orders agree, to the cent and to the order: what customers brought in and what
-- guests did is what orders did.
with customer_totals as (
    select
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(return_count), 0) as return_count
    from {{ ref('customers') }}
),

guest_totals as (
    select
        coalesce(sum(revenue), 0) as revenue,
        count(*) filter (is_purchase) as order_count,
        count(*) filter (order_status = 'returned') as return_count
    from {{ ref('orders') }}
    where is_guest
),

order_totals as (
    select
        coalesce(sum(revenue), 0) as revenue,
        count(*) filter (is_purchase) as order_count,
        count(*) filter (order_status = 'returned') as return_count
    from {{ ref('orders') }}
)

select
    customer_totals.revenue as customer_revenue,
    guest_totals.revenue as guest_revenue,
    order_totals.revenue as order_revenue
from customer_totals
cross join guest_totals
cross join order_totals
where
    customer_totals.revenue + guest_totals.revenue <> order_totals.revenue
    or customer_totals.order_count + guest_totals.order_count <> order_totals.order_count
    or customer_totals.return_count + guest_totals.return_count <> order_totals.return_count
