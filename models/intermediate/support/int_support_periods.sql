-- 1. Days and hours count tickets opened; weeks average what was replied or solved in them, so that
--    nothing of them is still to come. The day or week of today is left out where it is not over.
-- 2. Minutes are logarithms less the mean of their topic and priority: a team that gets harder work is
--    not slower. Team by team the teams with most tickets, for volume the channels with most.
-- 3. Days, hours and weeks are those of the desk's wall clock (int_ticket_hours), replies and
--    solutions those of UTC.
with support_tickets as (
    select * from {{ ref('support_tickets') }}
),

ticket_hours as (
    select * from {{ ref('int_ticket_hours') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

today as (
    select
        {{ seconds_of('cast(as_of_date + 1 as timestamp)') }} // 86400 as next_day,
        {{ seconds_of('cast(as_of_date + 1 as timestamp)') }} // 86400
        - 7 * {{ var('support_anomaly_weeks') }} as first_day
    from as_of
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

replies as (
    select
        *,
        ln(
            greatest(coalesce(first_reply_business_minutes, first_reply_minutes), 0.5)
        ) as log_minutes
    from support_tickets
    where first_reply_minutes is not null
),

replied as (
    select
        team,
        {{ seconds_of('first_replied_at') }} // 86400 as day,
        log_minutes,
        avg(log_minutes) over (partition by topic, priority, team) as usual_log_minutes
    from replies
),

scored as (
    select
        {{ seconds_of('resolved_at') }} // 86400 as day,
        satisfaction_score
    from support_tickets
    where satisfaction_score is not null and resolved_at is not null
),

counted as (
    select
        'volume' as kind,
        'ticket_count' as measure,
        'all' as entity,
        week * 7 - 3 + iso_weekday - 1 as day,
        week * 7 - 3 + iso_weekday - 1 as period,
        1 as period_days
    from ticket_hours
    union all
    select
        'volume' as kind,
        'ticket_count' as measure,
        'channel ' || ticket_hours.channel as entity,
        week * 7 - 3 + iso_weekday - 1 as day,
        week * 7 - 3 + iso_weekday - 1 as period,
        1 as period_days
    from ticket_hours
    inner join largest_channels on ticket_hours.channel = largest_channels.channel
    union all
    select
        'temporal' as kind,
        'ticket_count' as measure,
        'all' as entity,
        week * 7 - 3 + iso_weekday - 1 as day,
        (week * 7 - 3 + iso_weekday - 1) * 24 + hour_of_day as period,
        1 as period_days
    from ticket_hours
),

averaged as (
    select
        'response' as kind,
        'log_reply_minutes' as measure,
        'all' as entity,
        day,
        log_minutes - usual_log_minutes as reading
    from replied
    union all
    select
        'response' as kind,
        'log_reply_minutes_spread' as measure,
        'all' as entity,
        day,
        log_minutes - usual_log_minutes as reading
    from replied
    union all
    select
        'team' as kind,
        'log_reply_minutes' as measure,
        replied.team as entity,
        day,
        log_minutes - usual_log_minutes as reading
    from replied
    inner join largest_teams on replied.team = largest_teams.team
    union all
    select
        'sentiment' as kind,
        unnest(['satisfaction_score', 'satisfaction_score_4_weeks']) as measure,
        'all' as entity,
        day,
        satisfaction_score as reading
    from scored
),

periods as (
    select
        kind,
        measure,
        entity,
        period,
        period_days,
        min(day) as day,
        count(*) as ticket_count,
        cast(null as double) as total,
        cast(null as double) as squares
    from counted
    group by all
    union all
    select
        kind,
        measure,
        entity,
        (day + 3) // 7 as period,
        7 as period_days,
        min((day + 3) // 7 * 7 - 3) as day,
        count(*) as ticket_count,
        -- rounded: the last digits depend on the order of rows
        round(sum(reading), 9) as total,
        round(sum(reading * reading), 9) as squares
    from averaged
    group by all
),

support_periods as (
    select
        periods.kind,
        periods.measure,
        periods.entity,
        periods.period,
        periods.ticket_count,
        periods.total,
        periods.squares,
        -- from the first whole period to the last one that is over
        case periods.kind
            when 'temporal' then min(periods.day + 1) over series * 24
            when 'volume' then min(periods.day + 1) over series
            else min(periods.period + 1) over series
        end as first_period,
        case periods.kind
            when 'temporal' then today.next_day * 24 - 1
            when 'volume' then today.next_day - 1
            else (today.next_day + 3) // 7 - 1
        end as last_period
    from periods
    cross join today
    where periods.day >= today.first_day
    window series as (partition by periods.kind, periods.measure, periods.entity)
)

select * from support_periods
where period between first_period and last_period
