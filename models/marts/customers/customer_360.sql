-- What a CRM or an agent needs of a customer, in one row; the tables it is taken from say how each
-- figure was made, and how sure it is. Which horizons are shown is a row of churn_horizons.csv and
-- the var `shown_value_months`.
with customers as (
    select * from {{ ref('customers') }}
),

segments as (
    select * from {{ ref('customer_rfm') }}
),

clusters as (
    select * from {{ ref('customer_clusters') }}
),

values_ahead as (
    select * from {{ ref('customer_lifetime_values') }}
    where horizon_months = {{ var('shown_value_months') }}
),

risks as (
    select * from {{ ref('customer_churn_risks') }}
    where is_shown
),

service as (
    select * from {{ ref('int_customer_service') }}
),

leavers as (
    select * from {{ ref('int_leavers') }}
),

segment_rules as (
    select * from {{ ref('segments') }}
),

consents as (
    select * from {{ ref('int_consents') }}
),

actions as (
    select * from {{ ref('int_customer_actions') }}
),

customer_360 as (
    select
        customers.customer_id,
        customers.customer_name,
        customers.email,
        customers.region,
        segments.segment,
        segments.explanation,
        clusters.cluster_name,
        values_ahead.tier as value_tier,
        risks.risk_class,
        risks.driver_1 as risk_driver,
        actions.action,
        coalesce(segment_rules.is_worth_keeping, false) as is_worth_keeping,
        customers.has_marketing_consent,
        consents.may_be_written_to,
        leavers.customer_id is not null as has_left,
        customers.order_count,
        customers.return_count,
        coalesce(service.late_delivery_count, 0) as late_delivery_count,
        coalesce(service.ticket_count, 0) as ticket_count,
        coalesce(service.open_ticket_count, 0) as open_ticket_count,
        segments.recency_days,
        customers.revenue,
        customers.average_order_value,
        values_ahead.horizon_months as value_horizon_months,
        values_ahead.expected_value,
        values_ahead.value_lower as expected_value_lower,
        values_ahead.value_upper as expected_value_upper,
        values_ahead.p_alive,
        risks.horizon_days as churn_horizon_days,
        risks.no_purchase_probability as churn_probability,
        risks.value_at_stake,
        cast(date_trunc('month', customers.first_ordered_on) as date) as cohort_month,
        customers.signed_up_on,
        customers.first_ordered_on,
        customers.last_ordered_on,
        segments.as_of_date
    from customers
    left join segments on customers.customer_id = segments.customer_id
    left join clusters on customers.customer_id = clusters.customer_id
    left join values_ahead on customers.customer_id = values_ahead.customer_id
    left join risks on customers.customer_id = risks.customer_id
    left join service on customers.customer_id = service.customer_id
    left join leavers on customers.customer_id = leavers.customer_id
    left join consents on customers.customer_id = consents.customer_id
    left join actions on customers.customer_id = actions.customer_id
    left join segment_rules on segments.segment = segment_rules.segment
)

select * from customer_360
