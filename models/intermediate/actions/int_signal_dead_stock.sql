-- What no longer sells and is still there; at stake is what it cost.
with products as (
    select * from {{ ref('inventory_levels') }}
    where method = 'stopped' and on_hand_units > 0
),

dead_stock as (
    select
        'dead_stock' as signal,
        'product' as entity_type,
        products.product_id as entity,
        coalesce(products.product_name, products.product_id) as name,
        cast(null as varchar) as subject,
        products.on_hand_units as value,
        products.on_hand_units as figure,
        cast(null as double) as usual_value,
        cast(round(products.on_hand_units) as bigint) as item_count,
        products.on_hand_units * cast(products.unit_cost as double) as value_at_stake,
        products.as_of_date as period
    from products
)

select * from dead_stock
where value is not null
