-- 1. The first purchase starts the history and is not counted in its frequency.
-- 2. Times are days of trade (trade_days): where no season is known, days.
-- 3. What is served is of all customers; the backtest and the replays are of a sample.
-- 4. Histories of one group count as one in fits and scores, which bounds what those read. Up to
--    `clv_exact_customers` a group is customers with the same history; with more, similar ones.
with purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

trade_days as (
    select * from {{ ref('trade_days') }}
),

-- grouped, so that days of trade are joined to purchases once and never to each other
history_dates as (
    select
        history_dates.purpose,
        history_dates.holdout_days,
        history_dates.as_of_date,
        max(trade_days.trade_days) as as_of_trade_days
    from {{ ref('int_history_dates') }} as history_dates
    inner join trade_days
        on
            history_dates.purpose = trade_days.purpose
            and history_dates.as_of_date = trade_days.date_day
    group by history_dates.purpose, history_dates.holdout_days, history_dates.as_of_date
),

buyer_count as (
    select
        case
            when count(distinct customer_id) <= {{ var('clv_exact_customers') }} then 0
            when count(distinct customer_id) <= 10 * {{ var('clv_exact_customers') }} then 0.1
            else 0.2
        end as resolution
    from purchase_days
),

purchases as (
    select
        history_dates.purpose,
        purchase_days.customer_id,
        any_value(purchase_days.value_basis) as value_basis,
        count(*) - 1 as frequency,
        any_value(history_dates.holdout_days) as holdout_days,
        cast(min_by(purchase_days.revenue, purchase_days.ordered_on) as double) as first_spend,
        cast(sum(purchase_days.revenue) as double) as spend,
        min(trade_days.trade_days) as first_trade_days,
        max(trade_days.trade_days) as last_trade_days,
        any_value(history_dates.as_of_trade_days) as as_of_trade_days,
        any_value(history_dates.as_of_date) as as_of_date
    from purchase_days
    inner join history_dates on purchase_days.ordered_on <= history_dates.as_of_date
    inner join trade_days
        on
            history_dates.purpose = trade_days.purpose
            and purchase_days.ordered_on = trade_days.date_day
    where history_dates.purpose = 'serving' or purchase_days.is_sampled
    group by history_dates.purpose, purchase_days.customer_id
),

histories as (
    select
        purchases.purpose,
        purchases.customer_id,
        purchases.value_basis,
        purchases.frequency,
        cast(round(purchases.last_trade_days - purchases.first_trade_days) as bigint)
            as recency_days,
        cast(round(purchases.as_of_trade_days - purchases.first_trade_days) as bigint) as age_days,
        purchases.holdout_days,
        purchases.first_spend,
        (purchases.spend - purchases.first_spend) / nullif(purchases.frequency, 0)
            as repeat_mean_spend,
        cast(buyer_count.resolution as double) as resolution,
        purchases.as_of_date
    from purchases
    cross join buyer_count
),

customer_histories as (
    select
        histories.*,
        {{ history_bins('histories') }}
    from histories
)

select * from customer_histories
