-- customer_churn_risks never rises with the horizon: what customers add is the same at each, so it is
-- enough that the levels of churn_coefficients fall.
with levels as (
    select
        horizon_days,
        coefficient,
        lag(coefficient) over (order by horizon_days) as shorter_coefficient
    from {{ ref('churn_coefficients') }}
    where horizon_days > 0
)

select *
from levels
where coefficient > shorter_coefficient
