-- A product without a name is called by its id. Two purchases make one interval, and no usual one.
with scores as (
    select * from {{ ref('recommendation_scores') }}
),

customers as (
    select * from {{ ref('int_recommendation_customers') }}
),

products as (
    select
        product_number,
        product_id,
        product_name,
        category,
        coalesce(product_name, product_id) as label
    from {{ ref('int_recommendation_products') }}
),

next_purchases as (
    select * from {{ ref('next_purchases') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

int_recommendation_lists as (
    select
        customers.customer_id,
        scores.rank,
        products.product_id,
        products.product_name,
        products.category,
        scores.slot,
        customers.strategy as segment_strategy,
        {{ main_strategy('scores') }} as main_strategy,
        scores.is_fallback,
        scores.collaborative_method,
        scores.score,
        scores.collaborative_part,
        scores.content_part,
        scores.cross_selling_part,
        scores.seasonal_part,
        scores.price_affinity_part,
        scores.personal_part,
        scores.purchase_probability,
        because.product_id as because_product_id,
        together.product_id as together_product_id,
        because.label as because_label,
        case when together.product_number <> because.product_number then together.label end
            as together_label,
        case when next_purchases.status = 'ok' then next_purchases.usual_interval_days end
            as usual_interval_days,
        next_purchases.days_since_last,
        next_purchases.next_purchase_on,
        as_of.as_of_date
    from scores
    cross join as_of
    inner join customers on scores.customer_number = customers.customer_number
    inner join products on scores.product_number = products.product_number
    left join products as because on scores.because_product_number = because.product_number
    left join products as together on scores.together_product_number = together.product_number
    left join next_purchases
        on
            customers.customer_id = next_purchases.customer_id
            and products.product_id = next_purchases.product_id
)

select * from int_recommendation_lists
