-- 1. The log odds of no purchase are the level of the horizon and what the drivers add; half their
--    interval is the root of the sum of squares of the spreads (src/retail_analytics/customers/churn/model.py).
-- 2. The risk class is the one with the highest minimum that is reached (churn_risk_classes.csv).
-- 3. The action follows from the risk class and the driver that raises the risk most, if its share
--    is large enough; else from the risk class alone (churn_actions.csv).
-- 4. Who has never bought cannot stay away: no figure, and the status says so.
-- 5. At stake is the probability of no purchase times what is expected of the customer in the next
--    twelve months; nothing where more is expected to come back than to be bought.
with customers as (
    select * from {{ ref('customers') }}
),

drivers as (
    select * from {{ ref('int_churn_drivers') }}
),

levels as (
    select * from {{ ref('churn_coefficients') }}
    where horizon_days > 0
),

risk_classes as (
    select
        horizon_days,
        risk_class,
        minimum_probability,
        lead(minimum_probability, 1, 2) over (
            partition by horizon_days order by minimum_probability
        ) as next_probability
    from {{ ref('churn_risk_classes') }}
),

actions as (
    select * from {{ ref('churn_actions') }}
),

year_values as (
    select * from {{ ref('customer_lifetime_values') }}
    where horizon_months = 12
),

predicted as (
    select
        customers.customer_id,
        levels.horizon_days,
        drivers.driver_1,
        drivers.driver_2,
        drivers.driver_3,
        drivers.raising_driver,
        drivers.raising_share,
        case when drivers.customer_id is null then 'none' else levels.method end as method,
        case when drivers.customer_id is null then 'insufficient_data' else levels.status end
            as status,
        levels.coefficient + drivers.log_odds as log_odds,
        sqrt(
            power(levels.spread_1 + drivers.spread_1, 2)
            + power(levels.spread_2 + drivers.spread_2, 2)
            + power(levels.spread_3 + drivers.spread_3, 2)
            + power(levels.spread_4 + drivers.spread_4, 2)
        ) as half_width,
        drivers.driver_1_share,
        drivers.driver_2_share,
        drivers.driver_3_share,
        levels.as_of_date
    from customers
    left join drivers on customers.customer_id = drivers.customer_id
    cross join levels
),

probabilities as (
    select
        *,
        1 / (1 + exp(-log_odds)) as no_purchase_probability,
        1 / (1 + exp(half_width - log_odds)) as no_purchase_probability_lower,
        1 / (1 + exp(-half_width - log_odds)) as no_purchase_probability_upper
    from predicted
),

customer_churn_risks as (
    select
        probabilities.customer_id,
        probabilities.horizon_days,
        risk_classes.risk_class,
        probabilities.driver_1,
        probabilities.driver_2,
        probabilities.driver_3,
        coalesce(driver_actions.action, class_actions.action) as action,
        probabilities.method,
        probabilities.status,
        probabilities.no_purchase_probability,
        probabilities.no_purchase_probability_lower,
        probabilities.no_purchase_probability_upper,
        probabilities.log_odds,
        probabilities.driver_1_share,
        probabilities.driver_2_share,
        probabilities.driver_3_share,
        probabilities.no_purchase_probability
        * case when year_values.expected_value < 0 then 0 else year_values.expected_value end
            as value_at_stake,
        probabilities.as_of_date
    from probabilities
    left join year_values on probabilities.customer_id = year_values.customer_id
    left join risk_classes
        on
            probabilities.horizon_days = risk_classes.horizon_days
            and probabilities.no_purchase_probability >= risk_classes.minimum_probability
            and probabilities.no_purchase_probability < risk_classes.next_probability
    left join actions as driver_actions
        on
            risk_classes.risk_class = driver_actions.risk_class
            and probabilities.raising_driver = driver_actions.driver
            and probabilities.raising_share >= driver_actions.minimum_share
    left join actions as class_actions
        on
            risk_classes.risk_class = class_actions.risk_class
            and class_actions.driver is null
)

select * from customer_churn_risks
