-- 1. A row of the hours that closes at or before it opens runs over midnight: 22:00 to 06:00 is open
--    until 06:00 of the next day, 00:00 to 00:00 the whole day.
-- 2. On a holiday no minute of that local day is open; the hours after midnight of a span that began
--    on a holiday are those of the next day, and open.
-- 3. Rows that overlap are open once.
with day_parts as (
    select * from {{ ref('int_support_days') }}
),

holidays as (
    select * from {{ ref('support_holidays') }}
),

pieces as (
    {{ pieces_of_days(ref('int_support_hours')) }}
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
)

select * from spans
