-- Whom should we win back this month? The most valuable customers who are likely to stay away, may be
-- written to, and have not gone for good; the first call is worth most.
select
    customer_id,
    customer_name,
    email,
    segment,
    risk_driver,
    action,
    round(churn_probability, 2) as churn_probability,
    churn_horizon_days,
    round(expected_value, 2) as expected_value,
    round(value_at_stake, 2) as value_at_stake,
    explanation
from {{ ref('customer_360') }}
where
    is_worth_keeping
    and may_be_written_to
order by value_at_stake desc nulls last
limit 50
