-- 1. A ticket's hour is that of the wall clock where its hours are kept, else of the shop.
-- 2. Weeks are counted from Monday 1969-12-29; hours of the week from Monday midnight.
with support_tickets as (
    select * from {{ ref('support_tickets') }}
),

hours as (
    select * from {{ ref('int_support_hours') }}
),

zones as (
    select
        schedule,
        min(time_zone) as time_zone
    from hours
    group by schedule
),

opened as (
    select
        support_tickets.ticket_id,
        support_tickets.team,
        support_tickets.channel,
        support_tickets.priority,
        support_tickets.first_reply_minutes,
        {{ seconds_of('support_tickets.opened_at') }} as opened,
        coalesce(
            zones.time_zone,
            '{{ var('shop_time_zone') or env_var('SHOP_TIME_ZONE', '') or 'UTC' }}'
        ) as time_zone
    from support_tickets
    left join zones on support_tickets.schedule = zones.schedule
),

local_times as (
    select
        *,
        opened + {{ utc_offset('opened', 'time_zone') }} as wall_seconds
    from opened
),

ticket_hours as (
    select
        ticket_id,
        team,
        channel,
        priority,
        first_reply_minutes,
        (wall_seconds // 86400 + 3) // 7 as week,
        (wall_seconds // 86400 + 3) % 7 + 1 as iso_weekday,
        wall_seconds % 86400 // 3600 as hour_of_day,
        (wall_seconds // 86400 + 3) % 7 * 24 + wall_seconds % 86400 // 3600 as hour_of_week
    from local_times
)

select * from ticket_hours
