-- At stake is what would sell, at the mean price, while there is nothing to sell; not known where no
-- price is.
with products as (
    select
        levels.*,
        cast(levels.revenue as double) / nullif(sold.units_sold, 0) as unit_price
    from {{ ref('inventory_levels') }} as levels
    inner join {{ ref('products') }} as sold on levels.product_id = sold.product_id
),

days_without_stock as (
    select
        'days_without_stock' as signal,
        'product' as entity_type,
        products.product_id as entity,
        coalesce(products.product_name, products.product_id) as name,
        cast(null as varchar) as subject,
        products.lead_time_days - products.days_of_cover as value,
        products.lead_time_days - products.days_of_cover as figure,
        cast(null as double) as usual_value,
        products.order_now_units as item_count,
        greatest(products.lead_time_days - products.days_of_cover, 0)
        * products.forecast_daily_demand
        * products.unit_price as value_at_stake,
        products.as_of_date as period
    from products
    where products.order_now_units > 0
)

select * from days_without_stock
where value is not null
