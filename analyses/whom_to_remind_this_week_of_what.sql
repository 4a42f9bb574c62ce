-- Whom should we remind this week of what? Regular purchases with a chance of a tenth or more to come
-- within seven days, and not given up, of customers who may be written to and products that are not
-- known to be out of stock; the dearest first. One row per customer and product.
select
    next_purchases.customer_id,
    customers.customer_name,
    customers.email,
    next_purchases.product_id,
    coalesce(products.product_name, next_purchases.product_id) as product_name,
    round(next_purchases.usual_interval_days) as usual_interval_days,
    next_purchases.days_since_last,
    next_purchases.next_purchase_on,
    round(next_purchases.purchase_probability_7_days, 3) as purchase_probability_7_days,
    round(next_purchases.purchase_probability_30_days, 3) as purchase_probability_30_days,
    round(next_purchases.expected_quantity, 1) as expected_quantity,
    next_purchases.is_overdue,
    round(
        next_purchases.purchase_probability_30_days
        * products.margin / nullif(products.order_count, 0),
        2
    ) as expected_margin_30_days
from {{ ref('next_purchases') }} as next_purchases
inner join {{ ref('customers') }} as customers
    on next_purchases.customer_id = customers.customer_id
inner join {{ ref('products') }} as products
    on next_purchases.product_id = products.product_id
left join {{ ref('inventory_levels') }} as levels
    on next_purchases.product_id = levels.product_id
where
    products.is_stocked
    and coalesce(levels.on_hand_units, 1) > 0
    and coalesce(customers.has_marketing_consent, true)
    and next_purchases.purchase_probability_7_days >= 0.1
    and next_purchases.stopped_probability < 0.5
order by
    expected_margin_30_days desc nulls last,
    next_purchases.purchase_probability_7_days desc,
    next_purchases.customer_id asc,
    next_purchases.product_id asc
limit 200
