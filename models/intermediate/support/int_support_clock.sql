-- 1. Time is cut at UTC midnights, and each day begins with a row of its own, so that a moment is
--    found by its day: open seconds since the clock began = open_seconds_before + what is open of the
--    row until then.
with spans as (
    select * from {{ ref('int_support_spans') }}
),

days as (
    select distinct
        schedule,
        day
    from {{ ref('int_support_days') }}
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
    select
        schedule,
        day as utc_day,
        day * 86400 as starts,
        0 as open_seconds
    from days
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
