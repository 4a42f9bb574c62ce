-- 1. Categories and the whole are forecast by the one mechanism (metric_forecasts); then the categories
--    are brought to the sum of the whole: the wider a category's own interval, the more of the gap it
--    takes (Wickramasuriya and others 2019, with a diagonal covariance). Intervals move along.
-- 2. Where a category or the whole has no forecast, or there are more categories than are forecast,
--    nothing is brought to the whole: what is missing would be shared among the others.
with forecasts as (
    select * from {{ ref('metric_forecasts') }}
    where
        (metric = 'category_revenue' and dimension = 'category')
        or (metric = 'revenue' and dimension = 'all')
),

metric_series as (
    select * from {{ ref('metric_series') }}
    where metric = 'category_revenue'
),

left_out as (
    select count(distinct entity) as category_count
    from metric_series
    where not is_forecast and weight > 0 and is_complete
),

categories as (
    select
        *,
        pow(value_upper - value_lower, 2) as squared_width
    from forecasts
    where dimension = 'category'
),

wholes as (
    select * from forecasts
    where dimension = 'all'
),

sums as (
    select
        period,
        sum(value) as value,
        sum(squared_width) as squared_width,
        count(*) as category_count,
        count(*) = count(value) as is_known
    from categories
    group by period
),

reconciled as (
    select
        categories.*,
        coalesce(
            sums.is_known and wholes.value is not null and left_out.category_count = 0, false
        ) as is_reconciled,
        (wholes.value - sums.value) * case
            when sums.squared_width > 0 then categories.squared_width / sums.squared_width
            else 1.0 / sums.category_count
        end as share_of_gap
    from categories
    inner join sums on categories.period = sums.period
    cross join left_out
    left join wholes on categories.period = wholes.period
),

category_revenue_forecasts as (
    select
        entity as category,
        method,
        status,
        is_reconciled,
        horizon_months,
        history_count,
        value + case when is_reconciled then share_of_gap else 0 end as revenue,
        value_lower + case when is_reconciled then share_of_gap else 0 end as revenue_lower,
        value_upper + case when is_reconciled then share_of_gap else 0 end as revenue_upper,
        value as unreconciled_revenue,
        period as month,
        as_of_date
    from reconciled
)

select * from category_revenue_forecasts
