-- 1. Several orders on one day are one purchase; the first purchase starts the history and is not
--    counted in its frequency.
-- 2. Spend is what purchases brought in: the margin where it is known for nearly all revenue
--    (`clv_margin_known_share`), else the revenue. Returns lower the historical value only.
-- 3. Amounts are added up as decimals: sums of doubles differ in the last digit from build to build.
-- 4. What comes after the history's date is its outcome, for the backtest.
with orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null
),

history_dates as (
    select * from {{ ref('int_history_dates') }}
),

bases as (
    select
        coalesce(
            sum(revenue) filter (margin is not null)
            >= {{ var('clv_margin_known_share') }} * sum(revenue),
            false
        ) as is_margin_known,
        coalesce(sum(margin) / nullif(sum(revenue) filter (margin is not null), 0), 0)
            as mean_margin_rate
    from orders
    where is_purchase
),

purchase_days as (
    select
        orders.customer_id,
        orders.ordered_on,
        sum(orders.revenue) as revenue,
        sum(cast(case
            when not bases.is_margin_known then orders.revenue
            when orders.margin is null then orders.revenue * bases.mean_margin_rate
            else orders.margin
        end as decimal(18, 4))) as worth
    from orders
    cross join bases
    where orders.is_purchase
    group by all
),

histories as (
    select
        history_dates.purpose,
        purchase_days.customer_id,
        history_dates.as_of_date,
        history_dates.holdout_days,
        count(*) - 1 as frequency,
        max(purchase_days.ordered_on) - min(purchase_days.ordered_on) as recency_days,
        history_dates.as_of_date - min(purchase_days.ordered_on) as age_days,
        cast(coalesce(min_by(purchase_days.revenue, purchase_days.ordered_on), 0) as double)
            as first_spend,
        cast(coalesce(sum(purchase_days.revenue), 0) as double) as spend,
        cast(coalesce(sum(purchase_days.worth), 0) as double) as worth
    from purchase_days
    inner join history_dates on purchase_days.ordered_on <= history_dates.as_of_date
    group by
        history_dates.purpose,
        purchase_days.customer_id,
        history_dates.as_of_date,
        history_dates.holdout_days
),

outcomes as (
    select
        history_dates.purpose,
        purchase_days.customer_id,
        count(*) as holdout_orders,
        cast(coalesce(sum(purchase_days.revenue), 0) as double) as holdout_spend
    from purchase_days
    inner join history_dates
        on
            history_dates.purpose = 'backtest'
            and purchase_days.ordered_on > history_dates.as_of_date
            and purchase_days.ordered_on
            <= history_dates.as_of_date + cast(history_dates.holdout_days as integer)
    group by history_dates.purpose, purchase_days.customer_id
),

customer_histories as (
    select
        histories.purpose,
        histories.customer_id,
        case when bases.is_margin_known then 'margin' else 'revenue' end as value_basis,
        histories.frequency,
        histories.recency_days,
        histories.age_days,
        histories.holdout_days,
        coalesce(outcomes.holdout_orders, 0) as holdout_orders,
        histories.first_spend,
        (histories.spend - histories.first_spend) / nullif(histories.frequency, 0)
            as repeat_mean_spend,
        case when histories.spend > 0 then histories.worth / histories.spend else 1 end
            as worth_rate,
        coalesce(outcomes.holdout_spend, 0) as holdout_spend,
        histories.as_of_date
    from histories
    cross join bases
    -- a condition on one side alone would make this a comparison of everyone with everyone
    left join outcomes
        on histories.purpose = outcomes.purpose and histories.customer_id = outcomes.customer_id
)

select * from customer_histories
