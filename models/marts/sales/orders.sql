-- 1. Revenue is what the lines add up to; of an order without lines, its total.
-- 2. One line of unknown price makes the revenue of its order unknown, not smaller. A line that was
--    rejected has been there all the same: the order's own total counts, or nothing is known.
-- 3. A return under the id of its sale takes back its own total, else what the sale came to; nothing
--    where the sale was cancelled.
-- 4. A guest order has no customer; it counts in revenue and in no customer.
with orders_kept as (
    select * from {{ kept('orders') }}
),

lines as (
    select * from {{ ref('order_lines') }}
),

rejected_lines as (
    {{ rejected_order_lines() }}
),

status_signs as (
    select * from {{ ref('order_statuses') }}
),

line_totals as (
    select
        order_id,
        count(*) as line_count,
        sum(quantity) as units,
        case when count(revenue) = count(*) then sum(revenue) end as revenue,
        case when count(margin) = count(*) then sum(margin) end as margin
    from lines
    group by order_id
),

known_line_totals as (
    select * from line_totals
    where order_id not in (select rejected_lines.order_id from rejected_lines)
),

sales as (
    select
        orders_kept.order_id,
        status_signs.revenue_sign,
        known_line_totals.revenue,
        known_line_totals.margin
    from orders_kept
    inner join status_signs on orders_kept.order_status = status_signs.order_status
    left join known_line_totals on orders_kept.order_id = known_line_totals.order_id
    where orders_kept.order_status <> 'returned'
),

orders as (
    select
        orders_kept.order_id,
        orders_kept.customer_id,
        orders_kept.order_status,
        orders_kept.sales_channel,
        case
            when known_line_totals.order_id is null and orders_kept.order_total is not null
                then 'order_total'
            when coalesce(known_line_totals.revenue, sales.revenue) is not null then 'lines'
            else 'unknown'
        end as revenue_source,
        orders_kept.customer_id is null as is_guest,
        status_signs.is_purchase,
        coalesce(line_totals.line_count, 0) as line_count,
        coalesce(rejected_lines.line_count, 0) as rejected_line_count,
        cast(
            case when rejected_lines.order_id is null then coalesce(line_totals.units, 0) end
            as decimal(18, 4)
        ) as units,
        orders_kept.order_total,
        orders_kept.discount_amount,
        cast(
            case
                when known_line_totals.order_id is not null then known_line_totals.revenue
                when status_signs.revenue_sign = 0 or sales.revenue_sign = 0 then 0
                else
                    status_signs.revenue_sign
                    * coalesce(orders_kept.order_total, sales.revenue)
            end as decimal(18, 4)
        ) as revenue,
        cast(
            case
                when known_line_totals.order_id is not null then known_line_totals.margin
                when coalesce(orders_kept.order_total, sales.revenue) = sales.revenue
                    then status_signs.revenue_sign * sales.margin
            end as decimal(18, 4)
        ) as margin,
        {{ shop_day('orders_kept.ordered_at') }} as ordered_on,
        orders_kept.ordered_at
    from orders_kept
    inner join status_signs on orders_kept.order_status = status_signs.order_status
    left join line_totals on orders_kept.order_id = line_totals.order_id
    left join known_line_totals on orders_kept.order_id = known_line_totals.order_id
    left join rejected_lines on orders_kept.order_id = rejected_lines.order_id
    left join sales on orders_kept.sold_order_id = sales.order_id
)

select * from orders
