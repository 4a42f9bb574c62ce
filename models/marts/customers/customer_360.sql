-- What a CRM or an agent needs of a customer, in one row; the tables it is taken from say how each
-- figure was made, and how sure it is.
with customers as (
    select * from {{ ref('customers') }}
),

segments as (
    select * from {{ ref('customer_rfm') }}
),

clusters as (
    select * from {{ ref('customer_clusters') }}
),

year_values as (
    select * from {{ ref('customer_lifetime_values') }}
    where horizon_months = 12
),

quarter_risks as (
    select * from {{ ref('customer_churn_risks') }}
    where horizon_days = 90
),

deliveries as (
    select * from {{ ref('deliveries') }}
),

orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null
),

tickets as (
    select * from {{ kept('support_tickets') }}
),

late_deliveries as (
    select
        orders.customer_id,
        count(*) as late_delivery_count
    from deliveries
    inner join orders on deliveries.order_id = orders.order_id
    where deliveries.is_on_time = false
    group by orders.customer_id
),

ticket_counts as (
    select
        customer_id,
        count(*) as ticket_count,
        count(*) filter (resolved_at is null) as open_ticket_count
    from tickets
    group by customer_id
),

customer_360 as (
    select
        customers.customer_id,
        customers.customer_name,
        customers.email,
        customers.region,
        segments.segment,
        segments.strategy,
        segments.explanation,
        clusters.cluster_name,
        year_values.tier as value_tier,
        quarter_risks.risk_class,
        quarter_risks.driver_1 as risk_driver,
        quarter_risks.action as risk_action,
        customers.has_marketing_consent,
        customers.order_count,
        customers.return_count,
        coalesce(late_deliveries.late_delivery_count, 0) as late_delivery_count,
        coalesce(ticket_counts.ticket_count, 0) as ticket_count,
        coalesce(ticket_counts.open_ticket_count, 0) as open_ticket_count,
        segments.recency_days,
        customers.revenue,
        customers.average_order_value,
        year_values.expected_value as expected_value_12_months,
        year_values.value_lower as expected_value_12_months_lower,
        year_values.value_upper as expected_value_12_months_upper,
        year_values.p_alive,
        quarter_risks.no_purchase_probability as churn_probability_90_days,
        quarter_risks.value_at_stake,
        cast(date_trunc('month', customers.first_ordered_on) as date) as cohort_month,
        customers.signed_up_on,
        customers.first_ordered_on,
        customers.last_ordered_on,
        segments.as_of_date
    from customers
    left join segments on customers.customer_id = segments.customer_id
    left join clusters on customers.customer_id = clusters.customer_id
    left join year_values on customers.customer_id = year_values.customer_id
    left join quarter_risks on customers.customer_id = quarter_risks.customer_id
    left join late_deliveries on customers.customer_id = late_deliveries.customer_id
    left join ticket_counts on customers.customer_id = ticket_counts.customer_id
)

select * from customer_360
