-- A customer's cohort is the month of the first purchase; ages are whole months since that day.
with orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null
),

customers as (
    select * from {{ ref('customers') }}
    where first_ordered_on is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

cohort_customers as (
    select
        customers.customer_id,
        cast(date_trunc('month', customers.first_ordered_on) as date) as cohort_month,
        customers.first_ordered_on,
        {{ complete_months('customers.first_ordered_on', 'customers.last_ordered_on') }}
            as last_order_age_months,
        {{ complete_months('customers.first_ordered_on', 'as_of.as_of_date + 1') }}
            as complete_ages,
        customers.last_ordered_on + {{ var('lost_after_days') }} <= as_of.as_of_date as is_lost
    from customers
    cross join as_of
),

customer_ages as (
    select
        cohort_customers.customer_id,
        {{ complete_months('cohort_customers.first_ordered_on', 'orders.ordered_on') }}
            as age_months,
        count(*) filter (orders.is_purchase) as order_count,
        cast(coalesce(sum(orders.revenue), 0) as decimal(18, 4)) as revenue
    from cohort_customers
    inner join orders
        on
            cohort_customers.customer_id = orders.customer_id
            and cohort_customers.first_ordered_on <= orders.ordered_on
    group by all
),

with_ages as (
    select
        cohort_customers.*,
        customer_ages.age_months,
        customer_ages.order_count,
        customer_ages.revenue
    from cohort_customers
    inner join customer_ages on cohort_customers.customer_id = customer_ages.customer_id
)

select * from with_ages
