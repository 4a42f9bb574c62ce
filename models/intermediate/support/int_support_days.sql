-- 1. A wall time that comes twice in autumn counts twice, one skipped in spring not at all: a day is
--    cut where the zone's offset changes (on a quarter of an hour), each part read by its own offset.
-- 2. The days run from the day before the first event to `support_clock_days_ahead` days after the
--    as-of date, for promises that are due then.
with moments as (
    select
        min(least(opened_at, first_replied_at, resolved_at)) as first_at,
        max(greatest(opened_at, first_replied_at, resolved_at)) as last_at
    from {{ kept('support_tickets') }}
    union all
    select
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from {{ kept('ticket_events') }}
),

extent as (
    select
        {{ seconds_of('min(moments.first_at)') }} // 86400 - 2 as first_day,
        greatest(
            {{ seconds_of('max(moments.last_at)') }},
            {{ seconds_of('max(cast(as_of.as_of_date as timestamp))') }}
        ) // 86400 + {{ var('support_clock_days_ahead') }} as last_day
    from moments
    cross join {{ ref('int_as_of') }} as as_of
),

zones as (
    select distinct
        schedule,
        time_zone
    from {{ ref('int_support_hours') }}
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
        min(probe) filter ({{ utc_offset('probe', 'time_zone') }} = last_offset) as changes
    from probes
    group by schedule, time_zone, day
),

support_days as (
    select
        day_offsets.schedule,
        day_offsets.time_zone,
        day_offsets.day,
        day_offsets.starts,
        coalesce(changes.changes, day_offsets.ends) as ends,
        day_offsets.first_offset as seconds_ahead
    from day_offsets
    left join changes using (schedule, time_zone, day)
    union all
    select
        day_offsets.schedule,
        day_offsets.time_zone,
        day_offsets.day,
        changes.changes as starts,
        day_offsets.ends,
        day_offsets.last_offset as seconds_ahead
    from day_offsets
    inner join changes using (schedule, time_zone, day)
)

select * from support_days
