-- 1. Value = chance of a purchase within 30 days x margin of a purchase x the part of such purchases
--    that the list causes. That part is an assumption (recommendation_rules), never measured here;
--    the interval is that of the assumption.
-- 2. A place whose chance or margin is unknown is counted, and is in no sum.
with recommendations as (
    select * from {{ ref('customer_recommendations') }}
),

products as (
    select * from {{ ref('int_recommendation_products') }}
),

assumptions as (
    {{ in_a_row(
        ref('recommendation_rules'),
        'rule',
        ['incremental_share_low', 'incremental_share', 'incremental_share_high']
    ) }}
),

added as (
    select
        recommendations.customer_id,
        count(*) as listed_count,
        count(recommendations.purchase_probability * products.margin_per_purchase) as valued_count,
        sum(recommendations.purchase_probability) as expected_purchases,
        -- rounded, for the order of a sum moves its last digit
        round(sum(recommendations.purchase_probability * products.margin_per_purchase), 6)
            as expected_margin,
        max(recommendations.as_of_date) as as_of_date
    from recommendations
    inner join products on recommendations.product_id = products.product_id
    group by recommendations.customer_id
),

recommendation_value as (
    select
        added.customer_id,
        'assumption' as evidence,
        case
            when added.valued_count = 0 then 'insufficient_data'
            when added.valued_count < added.listed_count then 'some_unknown'
            else 'ok'
        end as status,
        added.listed_count,
        added.valued_count,
        round(added.expected_purchases, 9) as expected_purchases,
        added.expected_margin,
        assumptions.incremental_share,
        assumptions.incremental_share_low as incremental_share_lower,
        assumptions.incremental_share_high as incremental_share_upper,
        added.expected_margin * assumptions.incremental_share as expected_value,
        least(
            added.expected_margin * assumptions.incremental_share_low,
            added.expected_margin * assumptions.incremental_share_high
        ) as expected_value_lower,
        greatest(
            added.expected_margin * assumptions.incremental_share_low,
            added.expected_margin * assumptions.incremental_share_high
        ) as expected_value_upper,
        added.as_of_date
    from added
    cross join assumptions
)

select * from recommendation_value
