-- 1. A ticket is counted on the day and in the hour it was opened; a reply and a score are read on the
--    day they came, so that nothing of a week is still to come.
-- 2. Minutes are logarithms less the mean of their topic, priority and team: a team that gets harder
--    work is not slower. Team by team the teams with most tickets, for volume the channels with most.
-- 3. Days and hours are those of the desk's wall clock (int_ticket_hours), replies and solutions those
--    of UTC.
{% set log_minutes =
    'ln(greatest(coalesce(first_reply_business_minutes, first_reply_minutes), 0.5))' -%}
with support_tickets as (
    select * from {{ ref('support_tickets') }}
),

hours as (
    select
        channel,
        week * 7 - 3 + iso_weekday - 1 as day,
        hour_of_day
    from {{ ref('int_ticket_hours') }}
),

largest_channels as (
    select channel
    from support_tickets
    where channel is not null
    group by channel
    order by count(*) desc, channel asc
    limit 5
),

largest_teams as (
    select team
    from support_tickets
    where team is not null
    group by team
    order by count(*) desc, team asc
    limit {{ var('forecast_entities') }}
),

adjusted_replies as (
    select
        team,
        {{ seconds_of('first_replied_at') }} // 86400 as day,
        {{ log_minutes }}
        - avg({{ log_minutes }}) over (partition by topic, priority, team) as reading
    from support_tickets
    where first_reply_minutes is not null
),

support_readings as (
    select
        unnest(['volume', 'temporal']) as kind,
        'ticket_count' as measure,
        'all' as entity,
        day,
        hour_of_day,
        cast(null as double) as reading
    from hours
    union all
    select
        'volume' as kind,
        'ticket_count' as measure,
        'channel ' || hours.channel as entity,
        hours.day,
        hours.hour_of_day,
        cast(null as double) as reading
    from hours
    inner join largest_channels on hours.channel = largest_channels.channel
    union all
    select
        'response' as kind,
        unnest(['log_reply_minutes', 'log_reply_minutes_spread']) as measure,
        'all' as entity,
        day,
        cast(null as bigint) as hour_of_day,
        reading
    from adjusted_replies
    union all
    select
        'team' as kind,
        'log_reply_minutes' as measure,
        adjusted_replies.team as entity,
        adjusted_replies.day,
        cast(null as bigint) as hour_of_day,
        adjusted_replies.reading
    from adjusted_replies
    inner join largest_teams on adjusted_replies.team = largest_teams.team
    union all
    select
        'sentiment' as kind,
        unnest(['satisfaction_score', 'satisfaction_score_4_weeks']) as measure,
        'all' as entity,
        {{ seconds_of('resolved_at') }} // 86400 as day,
        cast(null as bigint) as hour_of_day,
        satisfaction_score as reading
    from support_tickets
    where satisfaction_score is not null and resolved_at is not null
)

select * from support_readings
