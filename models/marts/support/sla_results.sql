-- 1. A promise is kept when the clock of the ticket (int_ticket_spans) had run no longer than the
--    target at the first reply, or at the solution; it is broken when it ran longer, be the ticket
--    open or not; else it runs.
-- 2. A solution without a reply before it ends the wait: the promise of a reply is broken where it was
--    due before, else it does not apply. Where tickets were solved and none has a reply, it never
--    applies (problem_log: tickets are accepted in the second they are opened).
-- 3. due_at is the moment at which the clock has run as long as promised: of a ticket that waits, as
--    if it went on now; of one that was solved in time, as if it had not been.
with ticket_histories as (
    select * from {{ ref('int_ticket_histories') }}
),

ticket_spans as (
    select * from {{ ref('int_ticket_spans') }}
),

rules as (
    select * from {{ ref('int_sla_targets') }}
),

clock as (
    select * from {{ ref('int_support_clock') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

targets as (
    select unnest(['first_reply', 'resolution']) as target
),

replies as (
    select count(replied) > 0 or count(solved) = 0 as are_known
    from ticket_histories
),

promises as (
    select
        ticket_histories.*,
        targets.target,
        rules.target_minutes,
        cast(round(60 * rules.target_minutes) as bigint) as target_seconds,
        rules.clock,
        rules.clock = 'business' as is_business,
        case
            when targets.target = 'resolution' then ticket_histories.solved
            when coalesce(ticket_histories.replied <= ticket_histories.solved, true)
                then ticket_histories.replied
        end as kept,
        case
            when ticket_histories.has_times_out_of_order then 'times_out_of_order'
            when rules.target is null then 'no_target'
            when targets.target = 'first_reply' and not replies.are_known then 'no_reply_times'
            when rules.clock = 'business' and ticket_histories.schedule is null then 'no_hours'
        end as reason
    from ticket_histories
    cross join targets
    cross join replies
    left join rules
        on
            targets.target = rules.target
            and ticket_histories.priority is not distinct from rules.priority
            and ticket_histories.channel is not distinct from rules.channel
            and ticket_histories.team is not distinct from rules.team
),

judged_moments as (
    select
        promises.*,
        coalesce(kept, solved, now_seconds) as judged,
        {{ open_seconds('at_judgement', 'coalesce(kept, solved, now_seconds)') }} as open_judged
    from promises
    {{ clock_join(
        'at_judgement',
        "case when promises.is_business and promises.reason is null then promises.schedule end",
        'coalesce(promises.kept, promises.solved, promises.now_seconds)'
    ) }}
),

promise_spans as (
    select
        judged_moments.ticket_id,
        judged_moments.target,
        judged_moments.target_seconds,
        ticket_spans.is_last,
        case when is_business then ticket_spans.open_starts else ticket_spans.starts end as starts,
        case
            when is_business then ticket_spans.open_ends - ticket_spans.open_starts
            else ticket_spans.ends - ticket_spans.starts
        end as length,
        case
            when is_business then ticket_spans.open_seconds_before
            else ticket_spans.seconds_before
        end as seconds_before,
        case when is_business then open_judged else judged end as judged
    from judged_moments
    inner join ticket_spans on judged_moments.ticket_id = ticket_spans.ticket_id
    where judged_moments.reason is null
),

runs as (
    select
        ticket_id,
        target,
        cast(sum(greatest(least(starts + length, judged) - starts, 0)) as bigint)
            as elapsed_seconds,
        min(starts + target_seconds - seconds_before) filter (
            is_last or seconds_before + length >= target_seconds
        ) as due
    from promise_spans
    group by ticket_id, target
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
        judged_moments.*,
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
    from judged_moments
    left join runs using (ticket_id, target)
    left join open_hours
        on
            case when judged_moments.is_business then judged_moments.schedule end
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
        kept is null and solved is null as is_open,
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
