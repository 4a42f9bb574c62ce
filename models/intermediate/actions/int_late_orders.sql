-- Of the last month that is over and covered; an order counts once however many deliveries were
-- late.
with deliveries as (
    select * from {{ ref('deliveries') }}
    where not is_on_time
),

orders as (
    select * from {{ ref('orders') }}
),

late_orders as (
    select distinct
        deliveries.order_id,
        orders.customer_id,
        orders.revenue,
        unnest([
            {'dimension': 'all', 'entity': 'all'},
            {'dimension': 'carrier', 'entity': deliveries.carrier},
            {'dimension': 'warehouse', 'entity': deliveries.warehouse}
        ]) as slice
    from deliveries
    inner join orders on deliveries.order_id = orders.order_id
    inner join {{ ref('int_last_delivery_month') }} as newest
        on
            date_trunc('month', coalesce(deliveries.delivered_on, deliveries.promised_on))
            = newest.month
)

select
    slice.dimension as dimension,
    slice.entity as entity,
    order_id,
    customer_id,
    revenue
from late_orders
where slice.entity is not null
