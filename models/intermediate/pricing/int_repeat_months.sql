-- Whether who ordered in a month ordered again within `loyalty_repeat_days`, for months whose days are
-- over.
with orders as (
    select * from {{ ref('orders') }}
),

settings as (
    select * from {{ ref('int_pricing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

order_gaps as (
    select
        customer_id,
        ordered_on,
        lead(ordered_on) over (
            partition by customer_id
            order by ordered_at, order_id
        ) as next_ordered_on
    from orders
    where is_purchase and customer_id is not null
),

repeat_months as (
    select
        cast(date_trunc('month', order_gaps.ordered_on) as date) as month,
        order_gaps.customer_id,
        max(
            case
                when
                    order_gaps.next_ordered_on
                    <= order_gaps.ordered_on + cast(settings.loyalty_repeat_days as integer)
                    then 1
                else 0
            end
        ) as comes_back
    from order_gaps
    cross join settings
    cross join as_of
    where
        last_day(order_gaps.ordered_on) + cast(settings.loyalty_repeat_days as integer)
        <= as_of.as_of_date
    group by cast(date_trunc('month', order_gaps.ordered_on) as date), order_gaps.customer_id
)

select * from repeat_months
