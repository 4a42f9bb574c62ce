-- 1. An order with one product more than the first has something attached; units do not count.
-- 2. A purchase is a product in an order of a known customer; it repeats where an earlier order of the
--    customer held the product. A product sent back later was bought all the same.
with purchases as (
    select * from {{ ref('int_recommendation_purchases') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

numbered as (
    select
        basket_number,
        customer_number,
        ordered_on,
        row_number() over (
            partition by customer_number, product_number
            order by basket_number
        ) > 1 as is_repeat
    from purchases
),

baskets as (
    select
        basket_number,
        min(ordered_on) as ordered_on,
        count(*) as product_count,
        count(customer_number) as purchase_count,
        count(*) filter (where customer_number is not null and is_repeat) as repeat_purchase_count
    from numbered
    group by basket_number
),

months as (
    select
        cast(date_trunc('month', ordered_on) as date) as month,
        count(*) as order_count,
        count(*) filter (where product_count > 1) as attached_order_count,
        cast(sum(purchase_count) as bigint) as purchase_count,
        cast(sum(repeat_purchase_count) as bigint) as repeat_purchase_count
    from baskets
    group by cast(date_trunc('month', ordered_on) as date)
),

basket_months as (
    select
        months.month,
        months.month <= as_of.last_month as is_complete,
        months.order_count,
        months.attached_order_count,
        months.purchase_count,
        months.repeat_purchase_count,
        cast(months.attached_order_count as double) / months.order_count as attach_rate,
        cast(months.repeat_purchase_count as double) / nullif(months.purchase_count, 0)
            as repeat_share
    from months
    cross join as_of
)

select * from basket_months
