-- 1. A promise is kept when the clock of the ticket (int_ticket_spans) had run no longer than the
--    target at the first reply, or at the solution; it is broken when it ran longer, be the ticket
--    open or not; else it runs. One of a reply that a solution overtook in time does not apply.
-- 2. due_at is the moment at which the clock has run as long as promised (int_sla_runs).
with promises as (
    select * from {{ ref('int_sla_promises') }}
),

runs as (
    select * from {{ ref('int_sla_runs') }}
),

clock as (
    select * from {{ ref('int_support_clock') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- the clock read backwards: an open second belongs to the hour of open time it lies in
open_hours as (
    select
        schedule,
        starts,
        open_seconds,
        open_seconds_before,
        unnest(
            generate_series(
                open_seconds_before // 3600, (open_seconds_before + open_seconds - 1) // 3600
            )
        ) as open_hour
    from clock
    where open_seconds > 0
),

states as (
    select
        promises.*,
        runs.elapsed_seconds,
        case
            when is_business
                then open_hours.starts + runs.due - open_hours.open_seconds_before
            else runs.due
        end as due,
        case
            when reason is not null then 'not_applicable'
            when runs.elapsed_seconds > target_seconds then 'breached'
            when kept is not null then 'met'
            when solved is not null then 'not_applicable'
            else 'running'
        end as status
    from promises
    left join runs using (ticket_id, target)
    left join open_hours
        on
            case when promises.is_business then promises.schedule end
            = open_hours.schedule
            and (runs.due - 1) // 3600 = open_hours.open_hour
            and runs.due > open_hours.open_seconds_before
            and runs.due <= open_hours.open_seconds_before + open_hours.open_seconds
),

sla_results as (
    select
        ticket_id,
        target,
        team,
        channel,
        priority,
        clock,
        status,
        case
            when reason is not null then reason
            when status = 'not_applicable' then 'resolved_without_reply'
        end as reason,
        kept is null and solved is null and now_seconds is not null as is_open,
        target_minutes,
        elapsed_seconds / 60.0 as elapsed_minutes,
        case
            when kept is null and solved is null
                then (target_seconds - elapsed_seconds) / 60.0
        end as minutes_left,
        opened_at,
        {{ moment_of('due') }} as due_at,
        {{ moment_of('kept') }} as kept_at,
        as_of.as_of_date
    from states
    cross join as_of
)

select * from sla_results
