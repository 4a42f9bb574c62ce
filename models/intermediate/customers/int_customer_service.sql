-- What went wrong for a customer, and what they asked for help with.
with deliveries as (
    select * from {{ ref('deliveries') }}
    where is_on_time = false
),

orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null
),

tickets as (
    select * from {{ ref('support_tickets') }}
    where customer_id is not null
),

events as (
    select
        orders.customer_id,
        1 as late_delivery_count,
        0 as ticket_count,
        0 as open_ticket_count
    from deliveries
    inner join orders on deliveries.order_id = orders.order_id
    union all
    select
        customer_id,
        0 as late_delivery_count,
        1 as ticket_count,
        cast(is_open as integer) as open_ticket_count
    from tickets
),

customer_service as (
    select
        customer_id,
        cast(sum(late_delivery_count) as bigint) as late_delivery_count,
        cast(sum(ticket_count) as bigint) as ticket_count,
        cast(sum(open_ticket_count) as bigint) as open_ticket_count
    from events
    group by customer_id
)

select * from customer_service
