-- 1. An order counts for a unit from its assignment to the end of its window; one of the
--    `covariate_days` before the assignment is what was known of the unit before.
-- 2. A purchase of unknown revenue makes the revenue of its unit unknown, not smaller.
-- 3. Complaints are those that name an order of the unit placed in its window; scores are those of
--    tickets opened in it.
-- A unit without any of these has no row: it has zero of everything.
with units as (
    select * from {{ ref('experiment_units') }}
    where not is_excluded
),

order_complaints as (
    select
        order_id,
        sum(coalesce(complaint_count, 1)) as complaint_count
    from {{ kept('complaints') }}
    where order_id is not null
    group by order_id
),

unit_orders as (
    select
        units.experiment_id,
        units.customer_id,
        orders.ordered_at >= units.assigned_at as is_after,
        orders.is_purchase,
        orders.order_status = 'returned' as is_return,
        orders.revenue,
        order_complaints.complaint_count
    from units
    cross join {{ ref('int_experiment_settings') }} as settings
    inner join {{ ref('orders') }} as orders
        on
            units.customer_id = orders.customer_id
            and units.window_ends_at > orders.ordered_at
            and units.assigned_at - to_days(cast(settings.covariate_days as integer))
            <= orders.ordered_at
    left join order_complaints on orders.order_id = order_complaints.order_id
),

order_sums as (
    select
        experiment_id,
        customer_id,
        count(*) filter (is_after and is_purchase) as purchases,
        count(*) filter (is_after and is_return) as returns,
        coalesce(sum(complaint_count) filter (is_after), 0) as complaints,
        count(*) filter (is_after and revenue is null) as unknown_orders,
        coalesce(sum(revenue) filter (is_after), 0) as net_revenue,
        coalesce(sum(revenue) filter (is_after and is_purchase), 0) as purchase_revenue,
        count(*) filter (not is_after and is_purchase) as purchases_before,
        count(*) filter (not is_after and is_return) as returns_before,
        coalesce(sum(complaint_count) filter (not is_after), 0) as complaints_before,
        coalesce(sum(revenue) filter (not is_after), 0) as net_revenue_before
    from unit_orders
    group by experiment_id, customer_id
),

ticket_sums as (
    select
        units.experiment_id,
        units.customer_id,
        count(*) as scored_tickets,
        sum(tickets.satisfaction_score) as ticket_scores
    from units
    inner join {{ kept('support_tickets') }} as tickets
        on
            units.customer_id = tickets.customer_id
            and units.assigned_at <= tickets.opened_at
            and units.window_ends_at > tickets.opened_at
    where tickets.satisfaction_score is not null
    group by units.experiment_id, units.customer_id
),

int_experiment_order_outcomes as (
    select
        units.experiment_id,
        units.customer_id,
        units.variant,
        units.region,
        units.buyer_type,
        coalesce(order_sums.unknown_orders, 0) > 0 as is_revenue_unknown,
        coalesce(order_sums.purchases, 0) as purchases,
        coalesce(order_sums.returns, 0) as returns,
        cast(coalesce(order_sums.complaints, 0) as bigint) as complaints,
        coalesce(ticket_sums.scored_tickets, 0) as scored_tickets,
        cast(coalesce(ticket_sums.ticket_scores, 0) as double) as ticket_scores,
        cast(coalesce(order_sums.net_revenue, 0) as double) as net_revenue,
        cast(coalesce(order_sums.purchase_revenue, 0) as double) as purchase_revenue,
        coalesce(order_sums.purchases_before, 0) as purchases_before,
        coalesce(order_sums.returns_before, 0) as returns_before,
        cast(coalesce(order_sums.complaints_before, 0) as bigint) as complaints_before,
        cast(coalesce(order_sums.net_revenue_before, 0) as double) as net_revenue_before
    from units
    left join order_sums using (experiment_id, customer_id)
    left join ticket_sums using (experiment_id, customer_id)
    where order_sums.purchases is not null or ticket_sums.scored_tickets is not null
)

select * from int_experiment_order_outcomes
