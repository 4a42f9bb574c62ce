-- 52 whole weeks, so that each day of the week is there as often as any other. Of guests as well.
with orders as (
    select * from {{ ref('orders') }}
    where is_purchase
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

order_hours as (
    select
        cast(extract('hour' from {{ shop_time('orders.ordered_at') }}) as integer) as hour,
        count(*) as order_count,
        orders.ordered_on
    from orders
    inner join as_of
        on
            -- today is not over
            orders.ordered_on < as_of.as_of_date
            and orders.ordered_on >= as_of.as_of_date - 364
    group by all
)

select * from order_hours
