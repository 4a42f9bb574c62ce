-- 1. A customer known only from orders is a customer: signed up on the first order, name unknown.
-- 2. A purchase is an order placed or completed; a return or a cancelled order is none, but a
--    return takes its revenue away.
-- 3. A margin is known when it is known for every order that has a revenue.
-- 4. An order of unknown revenue is counted, and is in no sum and no average of revenue.
with customers_kept as (
    select * from {{ kept('customers') }}
),

orders as (
    select * from {{ ref('orders') }}
    where not is_guest
),

order_totals as (
    select
        customer_id,
        count(*) filter (is_purchase) as order_count,
        count(*) filter (order_status = 'returned') as return_count,
        count(*) filter (revenue is null) as unpriced_order_count,
        sum(revenue) as revenue,
        avg(revenue) filter (is_purchase) as average_order_value,
        case
            when count(*) filter (revenue <> 0 and margin is null) = 0
                then coalesce(sum(margin), 0)
        end as margin,
        min(ordered_on) as first_seen_on,
        min(ordered_on) filter (is_purchase) as first_ordered_on,
        max(ordered_on) filter (is_purchase) as last_ordered_on
    from orders
    group by customer_id
),

customers as (
    select
        coalesce(customers_kept.customer_id, order_totals.customer_id) as customer_id,
        customers_kept.customer_name,
        customers_kept.email,
        customers_kept.region,
        customers_kept.customer_id is not null as is_registered,
        customers_kept.marketing_consent as has_marketing_consent,
        coalesce(order_totals.order_count, 0) as order_count,
        coalesce(order_totals.return_count, 0) as return_count,
        coalesce(order_totals.unpriced_order_count, 0) as unpriced_order_count,
        cast(coalesce(order_totals.revenue, 0) as decimal(18, 4)) as revenue,
        cast(
            case when order_totals.customer_id is null then 0 else order_totals.margin end
            as decimal(18, 4)
        ) as margin,
        cast(order_totals.average_order_value as decimal(18, 4)) as average_order_value,
        cast(
            (order_totals.last_ordered_on - order_totals.first_ordered_on)
            / nullif(order_totals.order_count - 1, 0) as double
        ) as average_days_between_orders,
        coalesce(customers_kept.signed_up_on, order_totals.first_seen_on) as signed_up_on,
        order_totals.first_ordered_on,
        order_totals.last_ordered_on
    from customers_kept
    full join order_totals on customers_kept.customer_id = order_totals.customer_id
)

select * from customers
