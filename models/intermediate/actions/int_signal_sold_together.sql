-- Products that are in one order far more often than by chance, a pair once: named first is the one
-- whose buyers take the other more often. Told are the `named_pairs` pairs with most orders beyond
-- chance, of products that may be offered; the value is the lower end of the interval of their lift.
with rules as (
    select * from {{ ref('association_rules') }}
    where is_significant and lift_lower > 1
),

products as (
    select * from {{ ref('int_recommendation_products') }}
    where is_offered
),

settings as (
    {{ in_a_row(ref('action_settings'), 'setting', ['named_pairs']) }}
),

pairs as (
    select
        rules.*,
        rules.basket_count * (1 - 1 / rules.lift_lower) as baskets_beyond_chance,
        coalesce(products.product_name, products.product_id) as name,
        coalesce(others.product_name, others.product_id) as subject
    from rules
    inner join products on rules.antecedent_product_id = products.product_id
    inner join products as others on rules.consequent_product_id = others.product_id
    qualify
        row_number() over (
            partition by
                least(rules.antecedent_product_id, rules.consequent_product_id),
                greatest(rules.antecedent_product_id, rules.consequent_product_id)
            order by rules.confidence desc, rules.antecedent_product_id asc
        ) = 1
),

-- one finding per product
best as (
    select pairs.*
    from pairs
    qualify
        row_number() over (
            partition by pairs.antecedent_product_id
            order by pairs.baskets_beyond_chance desc, pairs.consequent_product_id asc
        ) = 1
),

sold_together as (
    select
        'sold_together' as signal,
        'product' as entity_type,
        best.antecedent_product_id as entity,
        best.name,
        best.subject,
        best.lift_lower as value,
        best.confidence as figure,
        cast(best.consequent_basket_count as double) / best.total_basket_count as usual_value,
        best.basket_count as item_count,
        cast(null as double) as value_at_stake,
        best.as_of_date as period
    from best
    cross join settings
    qualify
        row_number() over (
            order by best.baskets_beyond_chance desc, best.antecedent_product_id asc
        ) <= settings.named_pairs
)

select * from sold_together
