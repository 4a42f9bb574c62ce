-- 1. Lift: the odds of no purchase relative to those of the whole shop, at the horizon that suits it.
--    A shop where everybody is likely to stay away for 30 days has no critical customers for that.
-- 2. Silence: how long since the last order, in the customer's usual intervals. Who bought yesterday
--    is in no danger, however seldom such customers come back.
-- 3. The class is the one with the highest minima that are both reached (churn_risk_classes.csv).
with probabilities as (
    select * from {{ ref('int_churn_probabilities') }}
    where no_purchase_probability is not null
),

rhythms as (
    select * from {{ ref('int_churn_rhythms') }}
),

risk_classes as (
    select * from {{ ref('churn_risk_classes') }}
),

shown as (
    select
        probabilities.customer_id,
        rhythms.shown_horizon_days,
        probabilities.no_purchase_probability,
        -- as decimals, whose sums do not depend on the order of rows
        cast(
            sum(cast(probabilities.no_purchase_probability as decimal(18, 12))) over () as double
        ) / count(*) over () as shop_rate,
        rhythms.silence_ratio,
        rhythms.usual_interval_days
    from probabilities
    inner join rhythms
        on
            probabilities.customer_id = rhythms.customer_id
            and probabilities.horizon_days = rhythms.shown_horizon_days
),

lifts as (
    select
        *,
        no_purchase_probability / nullif(1 - no_purchase_probability, 0)
        / nullif(shop_rate / nullif(1 - shop_rate, 0), 0) as lift
    from shown
),

churn_classes as (
    select
        lifts.customer_id,
        max_by(risk_classes.risk_class, risk_classes.minimum_lift) as risk_class,
        lifts.shown_horizon_days,
        lifts.lift,
        lifts.silence_ratio,
        lifts.usual_interval_days
    from lifts
    inner join risk_classes
        on
            -- without odds to compare with nobody stands out
            coalesce(lifts.lift, 1) >= risk_classes.minimum_lift
            and lifts.silence_ratio >= risk_classes.minimum_silence
    group by all
)

select * from churn_classes
