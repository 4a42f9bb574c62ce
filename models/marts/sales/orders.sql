-- 1. Revenue is what the lines add up to; of an order without lines, its total.
-- 2. A line of unknown price, or a newer state that was rejected, makes the revenue of its order
--    unknown, not smaller. A rejected line has been there: the order's own total counts, or nothing.
-- 3. A return under its sale's id takes back its own total, else the sale's; of a cancelled one, 0.
-- 4. A guest order has no customer; it counts in revenue and in no customer.
with orders_kept as (
    select
        kept.*,
        case when kept.has_rejected_state is not true then signs.revenue_sign end as revenue_sign,
        signs.is_purchase
    from {{ kept('orders') }} as kept
    inner join {{ ref('order_statuses') }} as signs on kept.order_status = signs.order_status
),

lines as (
    select * from {{ ref('order_lines') }}
),

rejected_lines as (
    select * from {{ ref('int_rejected_lines') }}
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
        orders_kept.revenue_sign,
        known_line_totals.revenue,
        known_line_totals.margin
    from orders_kept
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
            when orders_kept.revenue_sign is null then 'unknown'
            when known_line_totals.order_id is null and orders_kept.order_total is not null
                then 'order_total'
            when coalesce(known_line_totals.revenue, sales.revenue) is not null then 'lines'
            else 'unknown'
        end as revenue_source,
        orders_kept.customer_id is null as is_guest,
        orders_kept.is_purchase,
        orders_kept.revenue_sign is null as has_rejected_state,
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
                when orders_kept.revenue_sign = 0 or sales.revenue_sign = 0 then 0
                else
                    orders_kept.revenue_sign
                    * coalesce(orders_kept.order_total, sales.revenue)
            end as decimal(18, 4)
        ) as revenue,
        cast(
            case
                when known_line_totals.order_id is not null then known_line_totals.margin
                when coalesce(orders_kept.order_total, sales.revenue) = sales.revenue
                    then orders_kept.revenue_sign * sales.margin
            end as decimal(18, 4)
        ) as margin,
        {{ shop_day('orders_kept.ordered_at') }} as ordered_on,
        orders_kept.ordered_at
    from orders_kept
    left join line_totals on orders_kept.order_id = line_totals.order_id
    left join known_line_totals on orders_kept.order_id = known_line_totals.order_id
    left join rejected_lines on orders_kept.order_id = rejected_lines.order_id
    left join sales on orders_kept.sold_order_id = sales.order_id
)

select * from orders
