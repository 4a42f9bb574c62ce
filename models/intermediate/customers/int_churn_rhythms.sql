-- How often customers order, and how long they have been silent by their own measure.
-- 1. The usual interval is the mean of a customer's intervals and one of the shop's typical length:
--    who bought once has the shop's, who bought often the own.
-- 2. The shop's typical interval is the median over customers who came back of their mean interval;
--    the median time since the first order where nobody did.
-- 3. The horizon that is shown is the longest that suits the shop (churn_horizons.csv).
with histories as (
    select * from {{ ref('int_churn_histories') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

churn_horizons as (
    select * from {{ ref('churn_horizons') }}
),

current_histories as (
    select
        histories.customer_id,
        histories.as_of_date,
        histories.recency_days,
        histories.age_days,
        histories.purchase_count - 1 as interval_count,
        histories.age_days - histories.recency_days as span_days
    from histories
    inner join as_of on histories.as_of_date = as_of.as_of_date
),

typical as (
    select
        greatest(1, coalesce(
            median(span_days / nullif(interval_count, 0)),
            median(age_days)
        )) as interval_days
    from current_histories
),

shown as (
    select max(churn_horizons.horizon_days) as horizon_days
    from churn_horizons
    cross join typical
    where churn_horizons.shown_from_interval_days <= typical.interval_days
),

churn_rhythms as (
    select
        current_histories.customer_id,
        cast(shown.horizon_days as bigint) as shown_horizon_days,
        typical.interval_days as shop_interval_days,
        (current_histories.span_days + typical.interval_days)
        / (current_histories.interval_count + 1) as usual_interval_days,
        current_histories.recency_days
        / (
            (current_histories.span_days + typical.interval_days)
            / (current_histories.interval_count + 1)
        ) as silence_ratio,
        current_histories.as_of_date
    from current_histories
    cross join typical
    cross join shown
)

select * from churn_rhythms
