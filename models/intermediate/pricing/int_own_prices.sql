-- The own price of a product or category: the newest one seen, else the list price; of a category the
-- median of its list prices.
with seen_prices as (
    select * from {{ ref('int_seen_prices') }}
    where competitor is null
),

products as (
    select * from {{ ref('products') }}
),

list_prices as (
    select
        'product' as level,
        product_id as entity,
        list_price as price
    from products
    union all
    select
        'category' as level,
        category as entity,
        median(list_price) as price
    from products
    where category is not null
    group by category
),

own_prices as (
    select
        coalesce(seen_prices.level, list_prices.level) as level,
        coalesce(seen_prices.entity, list_prices.entity) as entity,
        case when seen_prices.price is not null then 'seen' else 'list' end as price_source,
        coalesce(seen_prices.price, list_prices.price) as price
    from seen_prices
    full outer join list_prices
        on
            seen_prices.level = list_prices.level
            and seen_prices.entity = list_prices.entity
    where coalesce(seen_prices.price, list_prices.price) is not null
)

select * from own_prices
