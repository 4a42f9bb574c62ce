-- What a channel caused by the media mix: its contribution over the weeks, as revenue and in orders
-- of mean value.
with draws as (
    select * from {{ ref('mix_draws') }}
    where draw > 0
),

weeks as (
    select * from {{ ref('int_sales_weeks') }}
),

order_value as (
    select {{ decimal_sum('revenue') }} / nullif(sum(order_count), 0) as revenue_per_order
    from weeks
),

contributions as (
    select
        channel,
        {{ decimal_sum('contribution') }} / count(*) as revenue,
        quantile_cont(contribution, 0.1) as revenue_lower,
        quantile_cont(contribution, 0.9) as revenue_upper
    from draws
    group by channel
),

spend_increments as (
    select
        contributions.channel,
        contributions.revenue / order_value.revenue_per_order as orders,
        (contributions.revenue_upper - contributions.revenue_lower)
        / (2 * {{ interval_z() }}) / order_value.revenue_per_order as orders_error,
        contributions.revenue,
        (contributions.revenue_upper - contributions.revenue_lower) / (2 * {{ interval_z() }})
            as revenue_error,
        contributions.revenue_lower > 0 as is_found
    from contributions
    cross join order_value
)

select * from spend_increments
