-- 1. Demand is what was bought: orders placed or completed. A cancelled order asked for nothing.
-- 2. What a customer sends back on the day of purchase was an entry error and no demand. What comes
--    back later was demand; it is in stock again at the next count.
-- 3. Only what is kept in stock, within `inventory_history_days` up to the as-of date.
with lines as (
    select * from {{ ref('order_lines') }}
),

products as (
    select * from {{ ref('products') }}
    where is_stocked
),

status_signs as (
    select * from {{ ref('order_statuses') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

customer_days as (
    select
        lines.product_id,
        lines.ordered_on,
        cast(sum(lines.quantity) filter (status_signs.is_purchase) as double) as units_bought,
        cast(sum(lines.quantity) filter (lines.order_status = 'returned') as double)
            as units_returned
    from lines
    inner join products on lines.product_id = products.product_id
    inner join status_signs on lines.order_status = status_signs.order_status
    inner join as_of
        on
            lines.ordered_on > as_of.as_of_date - {{ var('inventory_history_days') }}
            and lines.ordered_on <= as_of.as_of_date
    -- a guest is another one in every order
    group by
        lines.product_id,
        lines.ordered_on,
        lines.customer_id,
        case when lines.customer_id is null then lines.order_id end
),

demand_days as (
    select
        product_id,
        -- four decimals, as quantities have: the sum is then the same in whatever order
        cast(
            sum(
                cast(
                    greatest(units_bought - coalesce(units_returned, 0), 0) as decimal(18, 4)
                )
            ) as double
        ) as units,
        ordered_on as demanded_on
    from customer_days
    where units_bought > coalesce(units_returned, 0)
    group by product_id, ordered_on
    -- products are read in chunks: rows of one lie together
    order by product_id, demanded_on
)

select * from demand_days
