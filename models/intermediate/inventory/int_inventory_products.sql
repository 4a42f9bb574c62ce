-- 1. What is not kept in stock is left out, and everything where no day counts as today.
-- 2. A category's own settings hold, the default's where it leaves them empty
--    (seeds/rules/inventory/inventory_settings.csv).
-- 3. What spoils is ordered at each review, as if an order cost nothing: the cheapest batch of the
--    formula may be a year's.
-- 4. What was sold without any known price has no known revenue, and so no class by revenue.
-- 5. A lead time of ten years or more is an entry error, and unknown.
with products as (
    select * from {{ ref('products') }}
    where is_stocked
),

stock_positions as (
    select * from {{ ref('int_stock_positions') }}
),

settings as (
    select * from {{ ref('inventory_settings') }}
),

default_settings as (
    select * from settings
    where category = 'default'
),

unpriced_products as (
    select product_id
    from {{ ref('order_lines') }}
    group by product_id
    having bool_and(price_source = 'unknown')
),

as_of as (
    select * from {{ ref('int_as_of') }}
    where as_of_date is not null
),

inventory_products as (
    select
        products.product_id,
        products.is_perishable,
        cast(products.list_price as double) as list_price,
        cast(products.unit_cost as double) as unit_cost,
        case when unpriced_products.product_id is null then cast(products.revenue as double) end
            as revenue,
        case when products.lead_time_days < 3650 then cast(products.lead_time_days as double) end
            as lead_time_days,
        case
            when products.lead_time_sd_days < 3650 then cast(products.lead_time_sd_days as double)
        end as lead_time_sd_days,
        coalesce(settings.lead_time_days, default_settings.lead_time_days)
            as default_lead_time_days,
        coalesce(settings.lead_time_sd_share, default_settings.lead_time_sd_share)
            as lead_time_sd_share,
        coalesce(settings.service_target, default_settings.service_target) as service_target,
        coalesce(settings.review_period_days, default_settings.review_period_days)
            as review_period_days,
        coalesce(settings.holding_cost_rate, default_settings.holding_cost_rate)
            as holding_cost_rate,
        case
            when products.is_perishable then 0
            else coalesce(settings.order_cost, default_settings.order_cost)
        end as order_cost,
        coalesce(settings.salvage_rate, default_settings.salvage_rate) as salvage_rate,
        coalesce(settings.cover_weeks, default_settings.cover_weeks) as cover_weeks,
        coalesce(stock_positions.is_count_unusable, false) as is_count_unusable,
        stock_positions.on_hand_units,
        stock_positions.on_order_units,
        stock_positions.stock_out_rate,
        stock_positions.in_stock_share,
        stock_positions.counted_on,
        as_of.as_of_date
    from products
    cross join as_of
    cross join default_settings
    left join settings on lower(products.category) = lower(settings.category)
    left join unpriced_products on products.product_id = unpriced_products.product_id
    left join stock_positions on products.product_id = stock_positions.product_id
)

select * from inventory_products
