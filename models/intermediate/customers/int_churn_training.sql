-- What followed a past day, beside what was known on it. Only who fits or tests a model reads this.
with cut_offs as (
    select * from {{ ref('int_churn_cut_offs') }}
    where not is_current
),

features as (
    select * from {{ ref('int_churn_features') }}
    where as_of_date in (select cut_offs.as_of_date from cut_offs)
),

orders as (
    select * from {{ ref('orders') }}
    where is_purchase and customer_id is not null
),

next_purchases as (
    select
        features.customer_id,
        features.as_of_date,
        min(orders.ordered_on) as next_ordered_on
    from features
    inner join orders
        on
            features.customer_id = orders.customer_id
            and features.as_of_date < orders.ordered_on
    group by features.customer_id, features.as_of_date
),

churn_training as (
    select
        features.customer_id,
        features.recency,
        features.idleness,
        features.silence,
        features.days_per_purchase,
        features.purchases,
        features.single_purchase,
        features.trend,
        features.order_value,
        features.returns,
        features.complaints,
        features.late_deliveries,
        features.cancelled,
        features.as_of_date,
        next_purchases.next_ordered_on - features.as_of_date as days_to_next_purchase
    from features
    left join next_purchases
        on
            features.customer_id = next_purchases.customer_id
            and features.as_of_date = next_purchases.as_of_date
)

select * from churn_training
