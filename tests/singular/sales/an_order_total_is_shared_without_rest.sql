-- int_order_totals_shared and stg_orders agree: the shares of an order add up to its total exactly,
-- and none is negative.
with orders as (
    select * from {{ kept('orders') }}
),

share_totals as (
    select
        order_id,
        sum(amount) as amount,
        min(amount) as smallest_amount
    from {{ ref('int_order_totals_shared') }}
    group by order_id
)

select
    share_totals.order_id,
    share_totals.amount,
    share_totals.smallest_amount,
    orders.order_total
from share_totals
left join orders on share_totals.order_id = orders.order_id
where share_totals.amount is distinct from orders.order_total or share_totals.smallest_amount < 0
