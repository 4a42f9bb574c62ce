-- Whether a customer with a touch ordered in the days after a past day.
with histories as (
    select * from {{ ref('int_conversion_histories') }}
    where not is_current
),

orders as (
    select * from {{ ref('int_journey_orders') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

conversion_outcomes as (
    select
        histories.customer_id,
        histories.as_of_date,
        histories.last_channel,
        count(orders.order_id) > 0 as has_ordered
    from histories
    cross join settings
    left join orders
        on
            histories.customer_id = orders.customer_id
            and histories.as_of_date < orders.ordered_on
            and histories.as_of_date + cast(settings.conversion_days as integer)
            >= orders.ordered_on
    group by histories.customer_id, histories.as_of_date, histories.last_channel
)

select * from conversion_outcomes
