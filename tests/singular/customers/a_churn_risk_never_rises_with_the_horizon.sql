-- Who buys nothing in 90 days buys nothing in 30.
with risks as (
    select
        customer_id,
        horizon_days,
        no_purchase_probability,
        lag(no_purchase_probability) over (
            partition by customer_id order by horizon_days
        ) as shorter_probability
    from {{ ref('customer_churn_risks') }}
)

select *
from risks
where no_purchase_probability > shorter_probability
