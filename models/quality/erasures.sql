-- 1. The id is the pseudonym that the loader gave: nothing else of these customers is in any table.
-- 2. A request whose day cannot be read is met all the same; it is in rejected_rows, and not here.
with requests as (
    select * from {{ kept('erasure_requests') }}
),

customers as (
    select * from {{ ref('customers') }}
),

erasures as (
    select
        requests.customer_id,
        customers.customer_id is not null as is_customer,
        coalesce(customers.order_count, 0) as order_count,
        cast(coalesce(customers.revenue, 0) as decimal(18, 4)) as revenue,
        requests.requested_on
    from requests
    left join customers on requests.customer_id = customers.customer_id
)

select * from erasures
