-- 1. A week is one of Monday to Sunday that is over.
-- 2. Where own prices of a product are recorded, its weeks without a sale count too, from its first
--    sale to its last: their price is known (int_posted_weeks).
-- 3. The price without discount is the list price, else the price that nine of ten weeks do not exceed.
with sold_weeks as (
    select * from {{ ref('int_sold_weeks') }}
),

posted_weeks as (
    select * from {{ ref('int_posted_weeks') }}
),

products as (
    select * from {{ ref('products') }}
),

settings as (
    select * from {{ ref('int_pricing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

spans as (
    select
        product_id,
        min(week) as first_week,
        max(week) as last_week
    from sold_weeks
    group by product_id
),

offered_weeks as (
    select
        posted_weeks.product_id,
        posted_weeks.week,
        posted_weeks.posted_price
    from posted_weeks
    inner join spans
        on
            posted_weeks.product_id = spans.product_id
            and posted_weeks.week >= spans.first_week
            and posted_weeks.week <= spans.last_week
),

product_weeks as (
    select
        coalesce(sold_weeks.product_id, offered_weeks.product_id) as product_id,
        coalesce(sold_weeks.units, 0) as units,
        sold_weeks.price,
        coalesce(sold_weeks.promotion_share, 0) as promotion_share,
        sold_weeks.cheaper_by_quantity,
        offered_weeks.posted_price,
        coalesce(sold_weeks.week, offered_weeks.week) as week
    from sold_weeks
    full outer join offered_weeks
        on
            sold_weeks.product_id = offered_weeks.product_id
            and sold_weeks.week = offered_weeks.week
),

int_product_weeks as (
    select
        product_weeks.product_id,
        coalesce(products.category, 'unknown') as category,
        product_weeks.units,
        product_weeks.price,
        product_weeks.posted_price,
        coalesce(
            cast(nullif(products.list_price, 0) as double),
            quantile_cont(coalesce(product_weeks.posted_price, product_weeks.price), 0.9) over (
                partition by product_weeks.product_id
            )
        ) as reference_price,
        cast(products.unit_cost as double) as unit_cost,
        product_weeks.promotion_share,
        product_weeks.cheaper_by_quantity,
        product_weeks.week
    from product_weeks
    cross join settings
    cross join as_of
    left join products on product_weeks.product_id = products.product_id
    where
        product_weeks.week + 6 <= as_of.as_of_date
        and product_weeks.week > as_of.as_of_date - cast(7 * settings.elasticity_weeks as integer)
)

select * from int_product_weeks
