-- The customers an experiment of today would meet: one row per customer seen (an order, a touch, a
-- ticket) in the `traffic_days` that end when their windows of outcomes do.
with orders as (
    select * from {{ ref('orders') }}
),

touchpoints as (
    select * from {{ kept('touchpoints') }}
),

tickets as (
    select * from {{ kept('support_tickets') }}
),

settings as (
    select * from {{ ref('int_experiment_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

bounds as (
    select
        as_of.as_of_date,
        cast(as_of.as_of_date + 1 as timestamp)
        - to_days(cast(settings.outcome_window_days as integer)) as seen_before,
        cast(as_of.as_of_date + 1 as timestamp)
        - to_days(cast(settings.outcome_window_days + settings.traffic_days as integer))
            as seen_from
    from as_of
    cross join settings
),

events as (
    select
        customer_id,
        ordered_at as seen_at
    from orders
    where customer_id is not null
    union all
    select
        customer_id,
        touched_at as seen_at
    from touchpoints
    union all
    select
        customer_id,
        opened_at as seen_at
    from tickets
    where customer_id is not null
),

int_experiment_sightings as (
    select
        events.customer_id,
        min(events.seen_at) as seen_at,
        min(date_diff('day', bounds.seen_from, events.seen_at)) + 1 as day_number,
        any_value(bounds.as_of_date) as as_of_date
    from events
    inner join bounds
        on events.seen_at >= bounds.seen_from and events.seen_at < bounds.seen_before
    group by events.customer_id
)

select * from int_experiment_sightings
