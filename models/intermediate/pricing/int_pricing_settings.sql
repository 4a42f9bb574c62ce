with settings as (
    select * from {{ ref('pricing_settings') }}
),

int_pricing_settings as (
    select
        max(value) filter (setting = 'elasticity_weeks') as elasticity_weeks,
        max(value) filter (setting = 'minimum_rows') as minimum_rows,
        max(value) filter (setting = 'minimum_products') as minimum_products,
        max(value) filter (setting = 'minimum_price_moves') as minimum_price_moves,
        max(value) filter (setting = 'minimum_variation_kept') as minimum_variation_kept,
        max(value) filter (setting = 'minimum_discount_weeks') as minimum_discount_weeks,
        max(value) filter (setting = 'maximum_quantity_prices') as maximum_quantity_prices,
        max(value) filter (setting = 'price_valid_days') as price_valid_days,
        max(value) filter (setting = 'loyalty_settle_days') as loyalty_settle_days,
        max(value) filter (setting = 'loyalty_valid_days') as loyalty_valid_days,
        max(value) filter (setting = 'loyalty_expiry_days') as loyalty_expiry_days,
        max(value) filter (setting = 'loyalty_minimum_members') as loyalty_minimum_members,
        max(value) filter (setting = 'loyalty_repeat_days') as loyalty_repeat_days
    from settings
)

select * from int_pricing_settings
