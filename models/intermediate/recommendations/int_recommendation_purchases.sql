-- 1. A purchase is an order placed or completed; a cancelled order or a return is none.
-- 2. What a customer has sent back as often as bought is no purchase to build on, and is not
--    offered again (is_sent_back).
-- 3. A guest's order has no customer: it counts in rules of the basket and in what sells, for no
--    customer.
with lines as (
    select * from {{ ref('order_lines') }}
),

orders as (
    select * from {{ ref('orders') }}
    where is_purchase
),

customers as (
    select * from {{ ref('int_recommendation_customers') }}
),

products as (
    select * from {{ ref('int_recommendation_products') }}
),

returned as (
    select
        customer_id,
        product_id,
        sum(quantity) as units
    from lines
    where order_status = 'returned' and customer_id is not null
    group by customer_id, product_id
),

bought_of_returned as (
    select
        returned.customer_id,
        returned.product_id,
        any_value(returned.units) as units_returned,
        sum(lines.quantity) as units_bought
    from returned
    inner join lines
        on returned.customer_id = lines.customer_id and returned.product_id = lines.product_id
    inner join orders on lines.order_id = orders.order_id
    group by returned.customer_id, returned.product_id
),

sent_back as (
    select * from bought_of_returned
    where units_returned >= units_bought
),

baskets as (
    select
        orders.order_id,
        customers.customer_number,
        cast(row_number() over (order by orders.ordered_at, orders.order_id) - 1 as integer)
            as basket_number
    from orders
    left join customers on orders.customer_id = customers.customer_id
),

int_recommendation_purchases as (
    select
        baskets.basket_number,
        products.product_number,
        any_value(baskets.customer_number) as customer_number,
        bool_or(sent_back.customer_id is not null) as is_sent_back,
        cast(sum(lines.quantity) as double) as quantity,
        min(lines.ordered_on) as ordered_on
    from lines
    inner join baskets on lines.order_id = baskets.order_id
    inner join products on lines.product_id = products.product_id
    left join sent_back
        on lines.customer_id = sent_back.customer_id and lines.product_id = sent_back.product_id
    group by baskets.basket_number, products.product_number
)

select * from int_recommendation_purchases
