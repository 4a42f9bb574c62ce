-- Orders and revenue of the days of a complete month are those of the month.
with daily as (
    select
        metric,
        cast(date_trunc('month', day) as date) as period,
        sum(value) as value,
        count(*) = count(value) as is_known
    from {{ ref('metric_daily') }}
    where dimension = 'all' and metric in ('revenue', 'order_count')
    group by all
),

monthly as (
    select * from {{ ref('metric_series') }}
    where dimension = 'all' and metric in ('revenue', 'order_count') and is_complete
)

select
    monthly.metric,
    monthly.period,
    monthly.value,
    daily.value as value_of_days
from monthly
inner join daily on monthly.metric = daily.metric and monthly.period = daily.period
where daily.is_known and abs(daily.value - coalesce(monthly.value, 0)) > 0.005
