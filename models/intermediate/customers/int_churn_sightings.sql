-- Which customers are looked at on which days: today every buyer, on past days a sample, the first by
-- the hash of their ids.
with cut_offs as (
    select * from {{ ref('int_churn_cut_offs') }}
),

buyers as (
    select distinct customer_id
    from {{ ref('orders') }}
    where is_purchase and customer_id is not null
),

sampled_buyers as (
    select customer_id
    from buyers
    order by md5(customer_id), customer_id
    limit {{ var('churn_training_customers') }}
),

churn_sightings as (
    select
        buyers.customer_id,
        cut_offs.recent_days,
        cut_offs.recent_after,
        cut_offs.as_of_date
    from buyers
    cross join cut_offs
    where cut_offs.is_current
    union all
    select
        sampled_buyers.customer_id,
        cut_offs.recent_days,
        cut_offs.recent_after,
        cut_offs.as_of_date
    from sampled_buyers
    cross join cut_offs
    where not cut_offs.is_current
)

select * from churn_sightings
