-- 1. A row of the hours that closes at or before it opens runs over midnight: 22:00 to 06:00 is open
--    until 06:00 of the next day, 00:00 to 00:00 the whole day.
-- 2. On a holiday no minute of that local day is open; the hours after midnight of a span that began
--    on a holiday are those of the next day, and open.
-- 3. A wall time that comes twice in autumn counts twice, one that is skipped in spring not at all: a
--    day with a change is cut where the zone's offset changes (found to the quarter of an hour, as
--    changes are) and each part read by its own offset.
-- 4. Rows that overlap are open once.
-- 5. Time is cut at UTC midnights, and each day begins with a row of its own, so that a moment is
--    found by its day: open seconds since the clock began = open_seconds_before + what is open of the
--    row until then. It runs from the day before the first event to `support_clock_days_ahead` days
--    after the as-of date, for promises that are due then.
with hours as (
    select * from {{ ref('int_support_hours') }}
),

holidays as (
    select * from {{ ref('support_holidays') }}
),

tickets as (
    select * from {{ kept('support_tickets') }}
),

ticket_events as (
    select * from {{ kept('ticket_events') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

moments as (
    select
        min(least(opened_at, first_replied_at, resolved_at)) as first_at,
        max(greatest(opened_at, first_replied_at, resolved_at)) as last_at
    from tickets
    union all
    select
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from ticket_events
),

extent as (
    select
        {{ seconds_of('min(moments.first_at)') }} // 86400 - 2 as first_day,
        greatest(
            {{ seconds_of('max(moments.last_at)') }},
            {{ seconds_of('max(cast(as_of.as_of_date as timestamp))') }}
        ) // 86400 + {{ var('support_clock_days_ahead') }} as last_day
    from moments
    cross join as_of
),

zones as (
    select distinct
        schedule,
        time_zone
    from hours
),

days as (
    select unnest(generate_series(first_day, last_day)) as day
    from extent
),

zone_days as (
    select
        zones.schedule,
        zones.time_zone,
        days.day,
        {{ utc_seconds('days.day * 86400', 'zones.time_zone') }} as starts,
        {{ utc_seconds('(days.day + 1) * 86400', 'zones.time_zone') }} as ends
    from zones
    cross join days
),

day_offsets as (
    select
        *,
        {{ utc_offset('starts', 'time_zone') }} as first_offset,
        {{ utc_offset('(ends - 1)', 'time_zone') }} as last_offset
    from zone_days
    where starts < ends
),

probes as (
    select
        *,
        unnest(generate_series(starts, ends, 900)) as probe
    from day_offsets
    where first_offset <> last_offset
),

changes as (
    select
        schedule,
        time_zone,
        day,
        starts,
        ends,
        first_offset,
        last_offset,
        min(probe) filter ({{ utc_offset('probe', 'time_zone') }} = last_offset) as changes
    from probes
    group by all
),

day_parts as (
    select
        schedule,
        time_zone,
        day,
        starts,
        ends,
        first_offset as seconds_ahead
    from day_offsets
    where first_offset = last_offset
    union all
    select
        schedule,
        time_zone,
        day,
        starts,
        changes as ends,
        first_offset as seconds_ahead
    from changes
    union all
    select
        schedule,
        time_zone,
        day,
        changes as starts,
        ends,
        last_offset as seconds_ahead
    from changes
),

pieces as (
    {{ pieces_of_days('hours') }}
),

open_pieces as (
    select
        pieces.schedule,
        greatest(
            day_parts.starts, day_parts.day * 86400 + pieces.opens - day_parts.seconds_ahead
        ) as starts,
        least(
            day_parts.ends, day_parts.day * 86400 + pieces.closes - day_parts.seconds_ahead
        ) as ends
    from day_parts
    inner join pieces
        on
            day_parts.schedule = pieces.schedule
            and day_parts.time_zone = pieces.time_zone
            -- 1970-01-01 was a Thursday
            and (day_parts.day + 3) % 7 + 1 = pieces.iso_weekday
    left join holidays
        on
            day_parts.day
            = {{ seconds_of('cast(holidays.closed_on as timestamp)') }} // 86400
            and coalesce(holidays.schedule, day_parts.schedule) = day_parts.schedule
    where holidays.closed_on is null
),

marked_pieces as (
    select
        *,
        max(ends) over (
            partition by schedule
            order by starts asc, ends asc
            rows between unbounded preceding and 1 preceding
        ) as ends_before
    from open_pieces
    where starts < ends
),

numbered_pieces as (
    select
        *,
        count(*) filter (ends_before is null or starts > ends_before) over (
            partition by schedule
            order by starts asc, ends asc
            rows between unbounded preceding and current row
        ) as span_number
    from marked_pieces
),

spans as (
    select
        schedule,
        min(starts) as starts,
        max(ends) as ends
    from numbered_pieces
    group by schedule, span_number
),

span_days as (
    select
        *,
        unnest(generate_series(starts // 86400, (ends - 1) // 86400)) as utc_day
    from spans
),

clock_rows as (
    select
        schedule,
        utc_day,
        greatest(starts, utc_day * 86400) as starts,
        least(ends, (utc_day + 1) * 86400) - greatest(starts, utc_day * 86400) as open_seconds
    from span_days
    union all
    select distinct
        zones.schedule,
        days.day as utc_day,
        days.day * 86400 as starts,
        0 as open_seconds
    from zones
    cross join days
),

support_clock as (
    select
        schedule,
        utc_day,
        starts,
        coalesce(
            lead(starts) over (
                partition by schedule, utc_day
                order by starts asc, open_seconds asc
            ),
            (utc_day + 1) * 86400
        ) as next_starts,
        open_seconds,
        cast(
            sum(open_seconds) over (
                partition by schedule
                order by starts asc, open_seconds asc
                rows between unbounded preceding and current row
            ) - open_seconds as bigint
        ) as open_seconds_before
    from clock_rows
)

select * from support_clock
