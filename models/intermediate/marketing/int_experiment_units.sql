-- Customers of experiments that hold a channel back from some, with what they did in its days.
-- 1. The days run from the customer's assignment; an experiment that still runs counts what it has
--    so far.
-- 2. Who was put into both arms is in neither.
-- 3. What a customer did in as many days before is known, so that chance imbalance can be removed.
with rules as (
    select * from {{ ref('channel_experiments') }}
),

channels as (
    select * from {{ ref('int_channels') }}
),

assignments as (
    select * from {{ kept('experiment_assignments') }}
),

orders as (
    select * from {{ ref('int_journey_orders') }}
),

touch_times as (
    select * from {{ ref('int_touch_orders') }}
),

assigned as (
    select
        rules.experiment_id,
        coalesce(channels.channel, rules.channel) as channel,
        assignments.customer_id,
        bool_or(lower(assignments.variant) = lower(rules.held_out_variant)) as is_held_out,
        min(assignments.assigned_at) as assigned_at,
        min(assignments.assigned_at) + max(rules.length_days) * interval 1 day as ends_at,
        min(assignments.assigned_at) - max(rules.length_days) * interval 1 day as known_from
    from assignments
    inner join rules on assignments.experiment_id = rules.experiment_id
    left join channels on lower(trim(rules.channel)) = channels.channel_key
    group by
        rules.experiment_id,
        coalesce(channels.channel, rules.channel),
        assignments.customer_id
    having count(distinct assignments.variant) = 1
),

ordered as (
    select
        assigned.experiment_id,
        assigned.customer_id,
        count(*) filter (orders.ordered_at >= assigned.assigned_at) as order_count,
        count(*) filter (orders.ordered_at < assigned.assigned_at) as earlier_order_count,
        sum(orders.revenue) filter (
            orders.ordered_at >= assigned.assigned_at
        ) as revenue,
        sum(orders.revenue) filter (
            orders.ordered_at < assigned.assigned_at
        ) as earlier_revenue
    from assigned
    inner join orders
        on
            assigned.customer_id = orders.customer_id
            and assigned.known_from <= orders.ordered_at
            and assigned.ends_at > orders.ordered_at
    group by assigned.experiment_id, assigned.customer_id
),

touched as (
    select
        assigned.experiment_id,
        assigned.customer_id,
        count(*) as touch_count
    from assigned
    inner join touch_times
        on
            assigned.customer_id = touch_times.customer_id
            and assigned.channel = touch_times.channel
            and assigned.assigned_at <= touch_times.touched_at
            and assigned.ends_at > touch_times.touched_at
    group by assigned.experiment_id, assigned.customer_id
),

experiment_units as (
    select
        assigned.experiment_id,
        assigned.channel,
        assigned.customer_id,
        assigned.is_held_out,
        coalesce(ordered.order_count, 0) as order_count,
        cast(coalesce(ordered.revenue, 0) as double) as revenue,
        coalesce(ordered.earlier_order_count, 0) as earlier_order_count,
        cast(coalesce(ordered.earlier_revenue, 0) as double) as earlier_revenue,
        coalesce(touched.touch_count, 0) as touch_count
    from assigned
    left join ordered using (experiment_id, customer_id)
    left join touched using (experiment_id, customer_id)
)

select * from experiment_units
