-- 1. The log odds of no purchase are the level of the horizon and what the drivers add; the interval
--    is that of the share of a group of such customers (src/retail_analytics/customers/churn/model.py).
-- 2. The risk class goes by lift and by the own rhythm, at the horizon that suits the shop, so that a
--    customer has one class (int_churn_classes).
-- 3. The action follows from the class and the driver that raises the risk most, if its share is large
--    enough, else from the class alone; who has left has one of their own (churn_actions.csv).
-- 4. Who has never bought cannot stay away: no figure, and the status says so.
-- 5. At stake is the value that is lost if they stay away: the probability times what is expected of
--    them within the same days; nothing where orders cost more than they bring in.
with consents as (
    select * from {{ ref('int_consents') }}
),

leavers as (
    select * from {{ ref('int_leavers') }}
),

probabilities as (
    select * from {{ ref('int_churn_probabilities') }}
),

classes as (
    select * from {{ ref('int_churn_classes') }}
),

actions as (
    select * from {{ ref('churn_actions') }}
),

values_ahead as (
    select * from {{ ref('int_customer_values') }}
    where horizon_months is null
),

decided as (
    select
        probabilities.*,
        classes.risk_class,
        classes.lift,
        classes.silence_ratio,
        classes.usual_interval_days,
        coalesce(probabilities.horizon_days = classes.shown_horizon_days, false) as is_shown,
        coalesce(by_left.action, driver_actions.action, class_actions.action) as action,
        coalesce(by_left.needs_consent, driver_actions.needs_consent, class_actions.needs_consent)
        and not consents.may_be_written_to as is_kept_back
    from probabilities
    inner join consents on probabilities.customer_id = consents.customer_id
    left join classes on probabilities.customer_id = classes.customer_id
    left join leavers on classes.customer_id = leavers.customer_id
    left join actions as by_left
        on case when leavers.customer_id is not null then 'Left' end = by_left.risk_class
    left join actions as driver_actions
        on
            classes.risk_class = driver_actions.risk_class
            and probabilities.raising_driver = driver_actions.driver
            and probabilities.raising_share >= driver_actions.minimum_share
    left join actions as class_actions
        on classes.risk_class = class_actions.risk_class and class_actions.driver is null
),

customer_churn_risks as (
    select
        decided.customer_id,
        decided.horizon_days,
        decided.risk_class,
        decided.driver_1,
        decided.driver_2,
        decided.driver_3,
        case when decided.is_kept_back then consent_actions.action else decided.action end
            as action,
        decided.method,
        decided.status,
        decided.is_shown,
        decided.no_purchase_probability,
        decided.no_purchase_probability_lower,
        decided.no_purchase_probability_upper,
        decided.log_odds,
        decided.lift,
        decided.silence_ratio,
        decided.usual_interval_days,
        decided.driver_1_share,
        decided.driver_2_share,
        decided.driver_3_share,
        values_ahead.expected_value,
        decided.no_purchase_probability
        * case when values_ahead.expected_value < 0 then 0 else values_ahead.expected_value end
            as value_at_stake,
        decided.as_of_date
    from decided
    left join actions as consent_actions on consent_actions.risk_class = 'No consent'
    left join values_ahead
        on
            decided.customer_id = values_ahead.customer_id
            and decided.horizon_days = values_ahead.horizon_days
)

select * from customer_churn_risks
-- a lookup of one customer then reads one block of the file
order by customer_id, horizon_days
