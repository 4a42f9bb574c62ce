-- What should we order today, what does it cost, and how many days before it arrives does stock run
-- out? The most pressing first.
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
    reason
from {{ ref('inventory_levels') }}
where order_now_units > 0
order by days_without_stock desc, order_now_cost desc
