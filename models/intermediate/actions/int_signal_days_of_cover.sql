-- At stake is what the stock cost.
with products as (
    select * from {{ ref('inventory_levels') }}
    where days_of_cover is not null
),

days_of_cover as (
    select
        'days_of_cover' as signal,
        'product' as entity_type,
        products.product_id as entity,
        coalesce(products.product_name, products.product_id) as name,
        cast(null as varchar) as subject,
        products.days_of_cover as value,
        products.days_of_cover as figure,
        cast(null as double) as usual_value,
        cast(round(products.on_hand_units) as bigint) as item_count,
        products.on_hand_units * cast(products.unit_cost as double) as value_at_stake,
        products.as_of_date as period
    from products
)

select * from days_of_cover
where value is not null
