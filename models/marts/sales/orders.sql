-- 1. Revenue is what the lines add up to; of an order without lines, its total.
-- 2. One line of unknown price makes the revenue of its order unknown, not smaller.
-- 3. A guest order has no customer; it counts in revenue and in no customer.
with orders_kept as (
    select * from {{ kept('orders') }}
),

lines as (
    select * from {{ ref('order_lines') }}
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

orders as (
    select
        orders_kept.order_id,
        orders_kept.customer_id,
        orders_kept.order_status,
        orders_kept.sales_channel,
        case
            when line_totals.revenue is not null then 'lines'
            when line_totals.order_id is null and orders_kept.order_total is not null
                then 'order_total'
            else 'unknown'
        end as revenue_source,
        orders_kept.customer_id is null as is_guest,
        status_signs.is_purchase,
        coalesce(line_totals.line_count, 0) as line_count,
        cast(coalesce(line_totals.units, 0) as decimal(18, 4)) as units,
        orders_kept.order_total,
        orders_kept.discount_amount,
        cast(
            case
                when line_totals.order_id is not null then line_totals.revenue
                when status_signs.revenue_sign = 0 then 0
                else status_signs.revenue_sign * orders_kept.order_total
            end as decimal(18, 4)
        ) as revenue,
        cast(line_totals.margin as decimal(18, 4)) as margin,
        {{ shop_day('orders_kept.ordered_at') }} as ordered_on,
        orders_kept.ordered_at
    from orders_kept
    inner join status_signs on orders_kept.order_status = status_signs.order_status
    left join line_totals on orders_kept.order_id = line_totals.order_id
)

select * from orders
