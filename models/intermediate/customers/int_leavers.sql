-- Who has said that they leave, and has not ordered since. A cancellation that was rejected, say for
-- its reason, has been there all the same.
with cancellations as (
    select * from {{ kept_or_rejected('cancellations') }}
),

customers as (
    select * from {{ ref('customers') }}
),

leavers as (
    select
        customers.customer_id,
        max(cancellations.cancelled_on) as left_on
    from customers
    inner join cancellations on customers.customer_id = cancellations.customer_id
    where coalesce(cancellations.cancelled_on >= customers.last_ordered_on, true)
    group by customers.customer_id
)

select * from leavers
