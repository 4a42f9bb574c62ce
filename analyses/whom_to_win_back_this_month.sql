-- Whom should we win back this month? The most valuable customers who are likely to stay away, may be
-- written to, and have not gone for good; the first call is worth most.
select
    customer_id,
    customer_name,
    email,
    segment,
    risk_driver,
    risk_action,
    round(churn_probability_90_days, 2) as churn_probability_90_days,
    round(expected_value_12_months, 2) as expected_value_12_months,
    round(value_at_stake, 2) as value_at_stake,
    explanation
from {{ ref('customer_360') }}
where
    segment in ('Champions', 'Loyal', 'At Risk', 'Can''t Lose', 'Needs Attention')
    and coalesce(has_marketing_consent, true)
order by value_at_stake desc nulls last
limit 50
