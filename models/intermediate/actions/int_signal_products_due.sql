-- Regular purchases to be expected within a week, of customers who may be written to and products that
-- may be offered, by product: the chances added up, and how many buyers they are of. At stake is the
-- margin of what is likely to be bought in 30 days, times the part that a list causes (an assumption).
with next_purchases as (
    select * from {{ ref('next_purchases') }}
    where stopped_probability < 0.5
),

consents as (
    select * from {{ ref('int_consents') }}
    where may_be_written_to
),

products as (
    select * from {{ ref('int_recommendation_products') }}
    where is_offered
),

rules as (
    {{ in_a_row(ref('recommendation_rules'), 'rule', ['incremental_share']) }}
),

products_due as (
    select
        'products_due' as signal,
        'product' as entity_type,
        products.product_id as entity,
        coalesce(any_value(products.product_name), products.product_id) as name,
        cast(null as varchar) as subject,
        {{ decimal_sum('next_purchases.purchase_probability_7_days') }} as value,
        {{ decimal_sum('next_purchases.purchase_probability_7_days') }} as figure,
        cast(null as double) as usual_value,
        count(*) as item_count,
        round(
            {{ decimal_sum('next_purchases.purchase_probability_30_days') }}
            * any_value(products.margin_per_purchase)
            * any_value(rules.incremental_share),
            6
        ) as value_at_stake,
        max(next_purchases.as_of_date) as period
    from next_purchases
    cross join rules
    inner join consents on next_purchases.customer_id = consents.customer_id
    inner join products on next_purchases.product_id = products.product_id
    group by products.product_id
)

select * from products_due
