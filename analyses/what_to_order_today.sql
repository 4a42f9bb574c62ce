-- What should we order today, what does it cost, and for how many days before it arrives does what is
-- on hand not last (what is on order may come before)? The most pressing first. Where last year's
-- demand in these days was much lower or higher than the forecast, a season may be going or coming
-- that the forecast does not know (is_seasonal).
select
    product_id,
    product_name,
    category,
    abc_class,
    on_hand_units,
    on_order_units,
    order_now_units,
    round(order_now_cost, 2) as order_now_cost,
    round(greatest(lead_time_days - days_of_cover, 0), 1) as days_without_stock,
    round(forecast_daily_demand, 3) as forecast_daily_demand,
    round(year_ago_daily_demand, 3) as year_ago_daily_demand,
    reason
from {{ ref('inventory_levels') }}
where order_now_units > 0
order by days_without_stock desc, order_now_cost desc
