-- The own price over the median of at least two competitors, where it lies above.
with positions as (
    select * from {{ ref('price_positions') }}
    where status = 'ok' and price_index > 1
),

products as (
    select * from {{ ref('products') }}
),

price_index as (
    select
        'price_index' as signal,
        positions.level as entity_type,
        positions.entity,
        coalesce(products.product_name, positions.entity) as name,
        cast(null as varchar) as subject,
        positions.price_index as value,
        positions.price_index - 1 as figure,
        cast(null as double) as usual_value,
        positions.competitor_count as item_count,
        cast(null as double) as value_at_stake,
        positions.as_of_date as period
    from positions
    left join products
        on positions.level = 'product' and positions.entity = products.product_id
)

select * from price_index
