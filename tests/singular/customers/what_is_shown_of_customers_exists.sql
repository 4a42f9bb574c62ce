-- customer_360 shows horizons that the tables behind it have: a horizon changed in a rule table or a
-- var empties no column. Every customer with a value or a risk in those tables has it in customer_360.
with shown as (
    select * from {{ ref('customer_360') }}
),

known_values as (
    select distinct customer_id
    from {{ ref('customer_lifetime_values') }}
    where expected_value is not null
),

known_risks as (
    select distinct customer_id
    from {{ ref('customer_churn_risks') }}
    where no_purchase_probability is not null
)

select
    shown.customer_id,
    shown.expected_value,
    shown.churn_probability,
    shown.risk_class,
    shown.action
from shown
left join known_values on shown.customer_id = known_values.customer_id
left join known_risks on shown.customer_id = known_risks.customer_id
where
    (known_values.customer_id is not null and shown.expected_value is null)
    or (
        known_risks.customer_id is not null
        and (
            shown.churn_probability is null
            or shown.risk_class is null
            or shown.action is null
        )
    )
