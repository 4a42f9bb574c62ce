-- 1. Orders count in the days of the campaign, in as many before it, and in as many before those.
-- 2. Compared are customers known before all of these days; who was assigned by lot is compared in any
--    case. Customers who were not reached and ordered nothing stand in the count of the others only.
with windows as (
    select * from {{ ref('int_campaign_windows') }}
),

audience as (
    select * from {{ ref('int_campaign_audience') }}
),

customers as (
    select * from {{ ref('customers') }}
),

orders as (
    select * from {{ ref('orders') }}
),

ordered as (
    select
        windows.campaign,
        orders.customer_id,
        count(*) filter (orders.ordered_on >= windows.starts_on) as order_count,
        count(*) filter (
            orders.ordered_on < windows.starts_on
            and orders.ordered_on >= windows.starts_on - windows.length_days
        ) as order_count_before,
        count(*) filter (orders.ordered_on < windows.starts_on - windows.length_days)
            as order_count_earlier,
        sum(orders.revenue) filter (orders.ordered_on >= windows.starts_on)
            as revenue,
        sum(orders.revenue) filter (
            orders.ordered_on < windows.starts_on
            and orders.ordered_on >= windows.starts_on - windows.length_days
        ) as revenue_before,
        sum(orders.margin) filter (orders.ordered_on >= windows.starts_on)
            as margin,
        sum(orders.margin) filter (
            orders.ordered_on < windows.starts_on
            and orders.ordered_on >= windows.starts_on - windows.length_days
        ) as margin_before,
        bool_and(orders.margin is not null) as is_margin_known
    from windows
    inner join orders
        on
            windows.last_day >= orders.ordered_on
            and windows.starts_on - 2 * windows.length_days <= orders.ordered_on
    where orders.is_purchase and orders.customer_id is not null
    group by windows.campaign, orders.customer_id
),

units as (
    select
        coalesce(audience.campaign, ordered.campaign) as campaign,
        coalesce(audience.customer_id, ordered.customer_id) as customer_id,
        coalesce(audience.is_assigned, false) as is_assigned,
        coalesce(audience.is_held_out, false) as is_held_out,
        audience.customer_id is not null and not audience.is_held_out as is_reached,
        coalesce(ordered.order_count, 0) as order_count,
        coalesce(ordered.order_count_before, 0) as order_count_before,
        coalesce(ordered.order_count_earlier, 0) as order_count_earlier,
        cast(coalesce(ordered.revenue, 0) as double) as revenue,
        cast(coalesce(ordered.revenue_before, 0) as double) as revenue_before,
        cast(coalesce(ordered.margin, 0) as double) as margin,
        cast(coalesce(ordered.margin_before, 0) as double) as margin_before,
        coalesce(ordered.is_margin_known, true) as is_margin_known
    from audience
    full outer join ordered
        on
            audience.campaign = ordered.campaign
            and audience.customer_id = ordered.customer_id
),

known_units as (
    select
        units.*,
        customers.signed_up_on <= windows.starts_on - 2 * windows.length_days as is_known_before
    from units
    inner join windows on units.campaign = windows.campaign
    inner join customers on units.customer_id = customers.customer_id
    where
        units.is_assigned
        or customers.signed_up_on <= windows.starts_on - 2 * windows.length_days
)

select * from known_units
