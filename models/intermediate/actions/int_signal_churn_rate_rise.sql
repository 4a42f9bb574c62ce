-- 1. Losses rise where the lower end of the month's rate lies above the mean of the year before.
-- 2. In the first `lost_after_days` of a shop nobody can be lost, so these months are no year before:
--    losses would "rise" in every shop's second half-year. At least `fewest_months` must be known.
with settings as (
    {{ in_a_row(ref('action_settings'), 'setting', ['fewest_months']) }}
),

orders as (
    select min(ordered_on) as first_ordered_on
    from {{ ref('orders') }}
    where is_purchase
),

covered as (
    {{ covered_last_month('orders') }}
),

rates as (
    select
        churn_rates.*,
        avg(churn_rates.churn_rate) over year_before as usual_rate,
        count(churn_rates.churn_rate) over year_before as usual_month_count
    from {{ ref('churn_rates') }} as churn_rates
    inner join orders
        on churn_rates.month > orders.first_ordered_on + {{ var('lost_after_days') }}
    where churn_rates.is_complete
    window year_before as (
        order by churn_rates.month
        rows between 12 preceding and 1 preceding
    )
),

churn_rate_rise as (
    select
        'churn_rate_rise' as signal,
        'all' as entity_type,
        'all' as entity,
        cast(null as varchar) as name,
        cast(null as varchar) as subject,
        rates.churn_rate_lower - rates.usual_rate as value,
        rates.churn_rate as figure,
        rates.usual_rate as usual_value,
        rates.lost_count as item_count,
        cast(null as double) as value_at_stake,
        rates.month as period
    from rates
    inner join covered on rates.month = covered.month
    inner join settings on rates.usual_month_count >= settings.fewest_months
)

select * from churn_rate_rise
where value is not null
