-- Rows are months in which the reconciled categories do not add up to the forecast of the whole.
with categories as (
    select
        month,
        sum(revenue) as revenue
    from {{ ref('category_revenue_forecasts') }}
    where is_reconciled
    group by month
),

wholes as (
    select
        period as month,
        value
    from {{ ref('metric_forecasts') }}
    where metric = 'revenue' and dimension = 'all'
)

select
    categories.month,
    categories.revenue,
    wholes.value
from categories
inner join wholes on categories.month = wholes.month
where coalesce(abs(categories.revenue - wholes.value) > 0.01, true)
