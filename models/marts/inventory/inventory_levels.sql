-- 1. Every product has a row, and levels (src/retail_analytics/inventory/) if it is kept in stock.
-- 2. What to order is whole units up to the order-up-to level, where stock and what is on order are
--    at the reorder point or below; unknown without a recent stock count.
-- 3. Sales are not demand where there was nothing to sell: a stock-out at a count is said in the
--    reason, and the demand is not corrected for it.
-- 4. What was sold without any known price has no known revenue.
with products as (
    select * from {{ ref('products') }}
),

articles as (
    select * from {{ ref('int_inventory_products') }}
),

unpriced_products as (
    select product_id
    from {{ ref('order_lines') }}
    group by product_id
    having bool_and(price_source = 'unknown')
),

year_ago as (
    select * from {{ ref('int_demand_a_year_ago') }}
),

fits as (
    select * from {{ ref('inventory_fits') }}
    where rule = 'model'
),

inventory_levels as (
    select
        products.product_id,
        products.product_name,
        products.category,
        fits.abc_class,
        case when products.is_stocked then coalesce(fits.demand_class, 'no_demand') end
            as demand_class,
        fits.method,
        fits.distribution,
        fits.lead_time_source,
        fits.service_source,
        case
            when not products.is_stocked then 'not_stocked'
            else coalesce(fits.status, 'insufficient_data')
        end as status,
        case
            when not products.is_stocked
                then 'Of a category that is not kept in stock: nothing to plan for.'
            when articles.stock_out_rate > 0
                then
                    fits.reason || ' None was in stock at '
                    || cast(cast(ceil(100 * articles.stock_out_rate) as bigint) as varchar)
                    || ' % of counts, so demand may have been higher.'
            else coalesce(fits.reason, 'No day counts as today, so no level can be set.')
        end as reason,
        products.is_perishable,
        fits.is_seasonal,
        products.unit_cost,
        case when unpriced_products.product_id is null then products.revenue end as revenue,
        fits.history_days,
        fits.demand_days,
        fits.adi,
        fits.cv2,
        fits.mean_daily_demand,
        fits.sd_daily_demand,
        fits.forecast_daily_demand,
        fits.season_index,
        year_ago.year_ago_daily_demand,
        fits.backtest_loss,
        fits.baseline_loss,
        fits.backtest_origins,
        fits.review_period_days,
        fits.lead_time_days,
        fits.lead_time_sd_days,
        fits.service_target,
        fits.service_achieved,
        fits.service_achieved_lower,
        fits.service_achieved_upper,
        fits.service_cycles,
        fits.fill_rate_achieved,
        fits.safety_stock_units,
        fits.reorder_point_units,
        fits.order_up_to_units,
        articles.on_hand_units,
        articles.on_order_units,
        articles.stock_out_rate,
        fits.days_of_cover,
        fits.order_now_units,
        fits.order_now_units * articles.unit_cost as order_now_cost,
        articles.counted_on,
        fits.as_of_date
    from products
    left join articles on products.product_id = articles.product_id
    left join unpriced_products on products.product_id = unpriced_products.product_id
    left join year_ago on products.product_id = year_ago.product_id
    left join fits on products.product_id = fits.product_id
)

select * from inventory_levels
