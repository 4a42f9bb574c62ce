-- 1. A channel keeps the hours of its name, else `default`, else the only ones there are; an hour of
--    the week is open by the share of its minutes that are.
-- 2. Handle minutes are the mean of the channel's tickets of the last year that have them.
with volumes as (
    select * from {{ ref('ticket_volume_forecasts') }}
),

hours as (
    select * from {{ ref('int_support_hours') }}
),

support_tickets as (
    select * from {{ ref('support_tickets') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

schedules as (
    select
        schedule,
        count(*) over () as schedule_count
    from hours
    group by schedule
),

channels as (
    select
        channels_seen.channel,
        coalesce(own.schedule, fallback.schedule, only_one.schedule) as schedule
    from (select distinct channel from volumes) as channels_seen
    left join schedules as own on channels_seen.channel = own.schedule
    left join schedules as fallback on fallback.schedule = 'default'
    left join schedules as only_one on only_one.schedule_count = 1
),

pieces as (
    {{ pieces_of_days('hours') }}
),

open_hours as (
    select
        volumes.channel,
        volumes.hour_of_week,
        least(
            sum(
                greatest(
                    least(pieces.closes, (volumes.hour_of_day + 1) * 3600)
                    - greatest(pieces.opens, volumes.hour_of_day * 3600),
                    0
                )
            ) / 3600.0,
            1
        ) as open_share
    from volumes
    inner join channels on volumes.channel = channels.channel
    inner join pieces
        on
            channels.schedule = pieces.schedule
            and volumes.iso_weekday = pieces.iso_weekday
    group by volumes.channel, volumes.hour_of_week
),

handle_times as (
    select
        coalesce(support_tickets.channel, 'unknown') as channel,
        -- as decimals: the sum of doubles depends on their order
        cast(sum(cast(support_tickets.handle_minutes as decimal(18, 4))) as double)
        / nullif(count(support_tickets.handle_minutes), 0) as handle_minutes
    from support_tickets
    cross join as_of
    where support_tickets.opened_on > as_of.as_of_date - interval 12 month
    group by all
),

capacity_hours as (
    select
        volumes.channel,
        volumes.hour_of_week,
        volumes.iso_weekday,
        volumes.hour_of_day,
        volumes.status,
        volumes.volume,
        volumes.volume_p50,
        volumes.volume_p80,
        volumes.overdispersion,
        case
            when channels.schedule is not null then coalesce(open_hours.open_share, 0)
        end as open_share,
        handle_times.handle_minutes
    from volumes
    inner join channels using (channel)
    left join open_hours using (channel, hour_of_week)
    left join handle_times using (channel)
)

select * from capacity_hours
