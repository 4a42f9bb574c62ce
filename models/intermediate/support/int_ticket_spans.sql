-- 1. The clock of a promise runs from the opening to the solution, or until now where a ticket is open.
-- 2. It stands still from a `waiting` event to the next one of another kind, and from a solution to
--    the reopening (int_ticket_states).
-- 3. A ticket that waits now has a last span of no length at its end: what is left would run from now.
-- 4. Seconds are counted twice, open ones on the ticket's schedule and all of the calendar's.
with ticket_histories as (
    select * from {{ ref('int_ticket_histories') }}
),

states as (
    select * from {{ ref('int_ticket_states') }}
),

clock as (
    select * from {{ ref('int_support_clock') }}
),

running_spans as (
    select
        ticket_id,
        schedule,
        occurred as starts,
        least(coalesce(next_occurred, ends), ends) as ends
    from states
    where
        state <> 'waiting'
        and work_state <> 'solved'
        and occurred < ends
        and (occurred < next_occurred or next_occurred is null)
    union all
    select
        ticket_id,
        schedule,
        ends as starts,
        ends
    from states
    where is_open and next_occurred is null and state = 'waiting' and work_state <> 'solved'
    union all
    select
        ticket_id,
        schedule,
        opened as starts,
        greatest(coalesce(solved, now_seconds), opened) as ends
    from ticket_histories
    where not has_pauses
),

measured_spans as (
    select
        running_spans.ticket_id,
        running_spans.starts,
        running_spans.ends,
        {{ open_seconds('begins', 'running_spans.starts') }} as open_starts,
        {{ open_seconds('stops', 'running_spans.ends') }} as open_ends
    from running_spans
    {{ clock_join('begins', 'running_spans.schedule', 'running_spans.starts') }}
    {{ clock_join('stops', 'running_spans.schedule', 'running_spans.ends') }}
),

ticket_spans as (
    select
        ticket_id,
        row_number() over span_order as span_number,
        row_number() over (partition by ticket_id order by starts desc, ends desc) = 1 as is_last,
        starts,
        ends,
        open_starts,
        open_ends,
        cast(sum(ends - starts) over span_order - (ends - starts) as bigint) as seconds_before,
        cast(
            sum(open_ends - open_starts) over span_order - (open_ends - open_starts) as bigint
        ) as open_seconds_before
    from measured_spans
    window span_order as (
        partition by ticket_id
        order by starts asc, ends asc
        rows between unbounded preceding and current row
    )
)

select * from ticket_spans
