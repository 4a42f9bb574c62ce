-- What a unit of a customer's spend is worth: the margin rate, shrunk towards the shop's by spend
-- (Buehlmann and Straub 1970); 1 where values are revenue. The prior weighs as much spend as the
-- variance of rates within customers is to that between them, and at least that of
-- `clv_margin_prior_orders` usual orders: one leaflet at 6.00 that cost 15.00 is no habit, even
-- where nobody else's margin ever changed (clv_negative_margin).
with purchase_days as (
    select
        *,
        cast(revenue as double) as spend,
        cast(worth as double) as amount_worth
    from {{ ref('int_purchase_days') }}
),

history_dates as (
    select * from {{ ref('int_history_dates') }}
),

purchases as (
    select
        history_dates.purpose,
        purchase_days.customer_id,
        count(*) - 1 as repeat_count,
        cast(sum(purchase_days.revenue) as double) as spend,
        cast(sum(purchase_days.worth) as double) as worth,
        sum(cast(
            purchase_days.amount_worth * purchase_days.amount_worth / purchase_days.spend
            as decimal(38, 6)
        )) as squares
    from purchase_days
    inner join history_dates on purchase_days.ordered_on <= history_dates.as_of_date
    where purchase_days.revenue > 0
    group by history_dates.purpose, purchase_days.customer_id
),

sums as (
    -- as decimals, whose sums do not depend on the order of rows
    select
        purpose,
        count(*) as customer_count,
        cast(nullif(sum(repeat_count), 0) as double) as repeat_count,
        {{ decimal_sum('spend', digits=6) }} as spend,
        {{ decimal_sum('spend * spend', digits=6) }} as squared_spend,
        {{ decimal_sum('worth', digits=6) }} as worth,
        cast(sum(squares) as double) as squares,
        {{ decimal_sum('worth * worth / spend', digits=6) }} as customer_squares
    from purchases
    group by purpose
),

variances as (
    select
        purpose,
        worth / spend as mean_rate,
        {{ var('clv_margin_prior_orders') }} * spend
        / (customer_count + coalesce(repeat_count, 0)) as least_weight,
        greatest((squares - customer_squares) / repeat_count, 0) as within_variance,
        (
            customer_squares - worth * worth / spend
            - (customer_count - 1) * greatest((squares - customer_squares) / repeat_count, 0)
        ) / nullif(spend - squared_spend / spend, 0) as between_variance
    from sums
),

weights as (
    select
        *,
        greatest(within_variance / nullif(between_variance, 0), least_weight) as weight
    from variances
),

worth_rates as (
    select
        purchases.purpose,
        purchases.customer_id,
        -- without a spread of rates beyond that of single purchases all have the shop's
        case
            when weights.between_variance > 1e-9
                then
                    (purchases.worth + weights.weight * weights.mean_rate)
                    / (purchases.spend + weights.weight)
            else weights.mean_rate
        end as worth_rate
    from purchases
    inner join weights on purchases.purpose = weights.purpose
)

select * from worth_rates
