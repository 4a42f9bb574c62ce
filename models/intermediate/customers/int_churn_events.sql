-- 1. A delivery is late from the day after its promise on, however long it takes then.
-- 2. A complaint is by who placed the order it is about.
with orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null
),

deliveries as (
    select * from {{ ref('deliveries') }}
),

complaints as (
    select * from {{ kept('complaints') }}
),

cancellations as (
    select * from {{ kept('cancellations') }}
),

churn_events as (
    select
        customer_id,
        'return' as event_type,
        1 as event_count,
        ordered_on as happened_on
    from orders
    where order_status = 'returned'
    union all
    select
        orders.customer_id,
        'late_delivery' as event_type,
        1 as event_count,
        deliveries.promised_on + 1 as happened_on
    from deliveries
    inner join orders on deliveries.order_id = orders.order_id
    where deliveries.delivered_on is null or deliveries.delivered_on > deliveries.promised_on
    union all
    select
        orders.customer_id,
        'complaint' as event_type,
        complaints.complaint_count as event_count,
        complaints.complained_on as happened_on
    from complaints
    inner join orders on complaints.order_id = orders.order_id
    union all
    select
        customer_id,
        'cancellation' as event_type,
        cancellation_count as event_count,
        cancelled_on as happened_on
    from cancellations
    where customer_id is not null
)

select * from churn_events
