-- 1. The clock of a promise runs over the spans of its ticket, open time or all time, until it is kept,
--    the ticket is solved, or now.
-- 2. It is due when it has run as long as promised: of a ticket that waits, as if it went on now; of
--    one that was solved in time, as if it had not been.
with promises as (
    select * from {{ ref('int_sla_promises') }}
),

ticket_spans as (
    select * from {{ ref('int_ticket_spans') }}
),

clock as (
    select * from {{ ref('int_support_clock') }}
),

ended_promises as (
    select
        promises.*,
        coalesce(kept, solved, now_seconds) as ended,
        {{ open_seconds('at_end', 'coalesce(kept, solved, now_seconds)') }} as open_ended
    from promises
    {{ clock_join(
        'at_end',
        "case when promises.is_business and promises.reason is null then promises.schedule end",
        'coalesce(promises.kept, promises.solved, promises.now_seconds)'
    ) }}
),

promise_spans as (
    select
        ended_promises.ticket_id,
        ended_promises.target,
        ended_promises.target_seconds,
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
        case when is_business then open_ended else ended end as ended
    from ended_promises
    inner join ticket_spans on ended_promises.ticket_id = ticket_spans.ticket_id
    where ended_promises.reason is null
),

sla_runs as (
    select
        ticket_id,
        target,
        cast(sum(greatest(least(starts + length, ended) - starts, 0)) as bigint)
            as elapsed_seconds,
        min(starts + target_seconds - seconds_before) filter (
            is_last or seconds_before + length >= target_seconds
        ) as due
    from promise_spans
    group by ticket_id, target
)

select * from sla_runs
