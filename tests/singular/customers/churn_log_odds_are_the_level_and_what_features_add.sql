-- customer_churn_risks agrees with the coefficient table: for a thousand customers, the level of the
-- horizon and its scale x coefficient x (value - centre) / sd over all features, with its bend where
-- that is above 0, add up to the log odds, which are never more than at a shorter horizon.
with risks as (
    select * from {{ ref('customer_churn_risks') }}
    where status <> 'insufficient_data'
),

some_customers as (
    select distinct customer_id
    from risks
    order by customer_id
    limit 1000
),

coefficients as (
    select * from {{ ref('churn_coefficients') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

feature_values as (
    unpivot (
        select features.*
        from {{ ref('int_churn_features') }} as features
        inner join as_of on features.as_of_date = as_of.as_of_date
        inner join some_customers on features.customer_id = some_customers.customer_id
    )
    on columns(* exclude (customer_id, as_of_date))
    into name feature value feature_value
),

added as (
    select
        feature_values.customer_id,
        sum(
            coefficients.coefficient * (feature_values.feature_value - coefficients.centre)
            / coefficients.sd
        ) as log_odds
    from feature_values
    inner join coefficients
        on feature_values.feature = coefficients.feature and coefficients.horizon_days = 0
    group by feature_values.customer_id
),

expected as (
    select
        risks.customer_id,
        risks.horizon_days,
        risks.log_odds,
        min(
            levels.coefficient
            + levels.scale * added.log_odds
            + levels.bend * case when added.log_odds > 0 then added.log_odds else 0 end
        ) over (
            partition by risks.customer_id
            order by risks.horizon_days
            rows between unbounded preceding and current row
        ) as expected_log_odds
    from risks
    inner join added on risks.customer_id = added.customer_id
    left join coefficients as levels
        on risks.horizon_days = levels.horizon_days
)

select *
from expected
where coalesce(abs(log_odds - expected_log_odds) > 1e-9, true)
