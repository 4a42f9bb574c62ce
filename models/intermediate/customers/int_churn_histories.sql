-- What is known of a customer at the end of a day; nothing that happens later is looked at.
-- 1. Several orders on one day are one purchase. Who has not bought by that day has no row.
-- 2. Events count in the recent time. Who has said that they leave counts as leaving until the
--    next purchase.
with orders as (
    select * from {{ ref('orders') }}
    where is_purchase and customer_id is not null
),

events as (
    select * from {{ ref('int_churn_events') }}
),

purchases as (
    select
        customer_id,
        ordered_on,
        sum(revenue) as revenue
    from orders
    group by customer_id, ordered_on
),

sightings as (
    select * from {{ ref('int_churn_sightings') }}
),

purchase_histories as (
    select
        sightings.customer_id,
        sightings.as_of_date,
        max(sightings.recent_days) as recent_days,
        count(*) as purchase_count,
        count(*) filter (purchases.ordered_on > sightings.recent_after) as recent_purchase_count,
        -- a sum of decimals is the same in any order, a mean of doubles is not
        cast(sum(purchases.revenue) as double) / count(purchases.revenue) as average_revenue,
        min(purchases.ordered_on) as first_ordered_on,
        max(purchases.ordered_on) as last_ordered_on
    from sightings
    inner join purchases
        on
            sightings.customer_id = purchases.customer_id
            and sightings.as_of_date >= purchases.ordered_on
    group by sightings.customer_id, sightings.as_of_date
),

event_histories as (
    select
        sightings.customer_id,
        sightings.as_of_date,
        {% for event_type in ['return', 'complaint', 'late_delivery'] -%}
        sum(events.event_count) filter (
            events.event_type = '{{ event_type }}' and events.happened_on > sightings.recent_after
        ) as {{ event_type }}_count,
        {% endfor -%}
        max(events.happened_on) filter (events.event_type = 'cancellation') as cancelled_on
    from sightings
    inner join events
        on
            sightings.customer_id = events.customer_id
            and sightings.as_of_date >= events.happened_on
    group by sightings.customer_id, sightings.as_of_date
),

churn_histories as (
    select
        purchase_histories.customer_id,
        coalesce(event_histories.cancelled_on >= purchase_histories.last_ordered_on, false)
            as has_cancelled,
        purchase_histories.purchase_count,
        purchase_histories.recent_purchase_count,
        purchase_histories.recent_days,
        purchase_histories.as_of_date - purchase_histories.last_ordered_on as recency_days,
        purchase_histories.as_of_date - purchase_histories.first_ordered_on as age_days,
        purchase_histories.average_revenue,
        cast(coalesce(event_histories.return_count, 0) as bigint) as return_count,
        cast(coalesce(event_histories.complaint_count, 0) as bigint) as complaint_count,
        cast(coalesce(event_histories.late_delivery_count, 0) as bigint) as late_delivery_count,
        purchase_histories.as_of_date
    from purchase_histories
    left join event_histories
        on
            purchase_histories.customer_id = event_histories.customer_id
            and purchase_histories.as_of_date = event_histories.as_of_date
)

select * from churn_histories
