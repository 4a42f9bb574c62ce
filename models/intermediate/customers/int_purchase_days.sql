-- 1. Several orders of a customer on one day are one purchase.
-- 2. What comes back on the day of purchase was an entry error, as in int_demand_days: it is taken
--    off, and a day of which nothing is left is none (online_retail: customer 16446 bought for 2.90
--    and for 168,469.60, the latter cancelled within minutes, and was expected to spend 147,873 a
--    year).
-- 3. A purchase is worth what it brought in: the margin where it is known for nearly all revenue
--    (`clv_margin_known_share`), the mean margin standing in for the few orders without; else the
--    revenue.
-- 4. Past histories are looked at of a sample of the customers: the first by the hash of their ids
--    (`clv_backtest_customers`).
-- 5. Amounts are summed as decimals: sums of doubles differ in the last digit from build to build.
with orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null and (is_purchase or revenue < 0)
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
        case when any_value(bases.is_margin_known) then 'margin' else 'revenue' end as value_basis,
        coalesce(sum(orders.revenue), 0) as revenue,
        coalesce(sum(cast(case
            when not bases.is_margin_known then orders.revenue
            when orders.margin is null then orders.revenue * bases.mean_margin_rate
            else orders.margin
        end as decimal(18, 4))), 0) as worth,
        orders.ordered_on
    from orders
    cross join bases
    group by orders.customer_id, orders.ordered_on
    having
        bool_or(orders.is_purchase)
        and (bool_and(orders.is_purchase) or coalesce(sum(orders.revenue), 0) > 0)
),

buyers as (
    select
        customer_id,
        min(ordered_on) as first_ordered_on
    from purchase_days
    group by customer_id
),

sampled_buyers as (
    select customer_id
    from buyers
    order by md5(customer_id), customer_id
    limit {{ var('clv_backtest_customers') }}
),

with_buyers as (
    select
        purchase_days.customer_id,
        purchase_days.value_basis,
        sampled_buyers.customer_id is not null as is_sampled,
        cast(purchase_days.revenue as decimal(18, 4)) as revenue,
        cast(purchase_days.worth as decimal(18, 4)) as worth,
        purchase_days.ordered_on,
        buyers.first_ordered_on
    from purchase_days
    inner join buyers on purchase_days.customer_id = buyers.customer_id
    left join sampled_buyers on purchase_days.customer_id = sampled_buyers.customer_id
)

select * from with_buyers
