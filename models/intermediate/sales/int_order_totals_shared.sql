-- An order in which a line has no price: its total is shared over all its lines.
-- 1. In proportion to list price x quantity; equally where a line has no list price.
-- 2. In whole cents; the cents that rounding down leaves go to the largest remainders, and what
--    is less than a cent to the first line: 10.00 over three equal lines is 3.34, 3.33, 3.33.
-- 3. Not where a line was rejected: nobody knows which part of the total was its.
with order_lines as (
    select * from {{ kept('order_lines') }}
),

orders as (
    select * from {{ kept('orders') }}
),

products as (
    select * from {{ kept('products') }}
),

rejected_lines as (
    {{ rejected_order_lines() }}
),

orders_without_price as (
    select distinct order_id
    from order_lines
    where
        unit_price is null
        and line_total is null
        and order_id not in (select rejected_lines.order_id from rejected_lines)
),

lines_to_share as (
    select
        order_lines.order_id,
        order_lines.row_number,
        orders.order_total,
        cast(floor(orders.order_total * 100) as bigint) as total_cents,
        cast(products.list_price as double) * order_lines.quantity as list_value
    from order_lines
    inner join orders_without_price on order_lines.order_id = orders_without_price.order_id
    inner join orders on order_lines.order_id = orders.order_id
    left join products on order_lines.product_id = products.product_id
    where orders.order_total is not null
),

shares as (
    select
        *,
        case
            when count(list_value) over order_rows = count(*) over order_rows
                and sum(list_value) over order_rows > 0
                then list_value / sum(list_value) over order_rows
            else 1.0 / count(*) over order_rows
        end as share
    from lines_to_share
    window order_rows as (partition by order_id)
),

whole_cents as (
    select
        *,
        cast(floor(total_cents * share) as bigint) as cents,
        row_number() over (
            partition by order_id
            order by floor(total_cents * share) - total_cents * share, row_number
        ) as remainder_rank,
        row_number() over (partition by order_id order by row_number) as line_rank
    from shares
),

shared as (
    select
        row_number,
        order_id,
        cast(
            (
                cents
                + case
                    when remainder_rank <= total_cents - sum(cents) over (partition by order_id)
                        then 1
                    else 0
                end
            ) / cast(100 as decimal(18, 4))
            + case
                when line_rank = 1 then order_total - total_cents / cast(100 as decimal(18, 4))
                else 0
            end
            as decimal(18, 4)
        ) as amount
    from whole_cents
)

select * from shared
