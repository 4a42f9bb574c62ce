-- 1. The clock of a promise runs from the opening to the solution, or until now where a ticket is open.
-- 2. It stands still from a `waiting` event to the next one of another kind, and from a solution to
--    the reopening; `assigned` or `replied` after a solution do not reopen (problem_log: a ticket is
--    queued again for closing).
-- 3. A ticket that waits now has a last span of no length at its end: what is left would run from now.
-- 4. Seconds are counted twice, open ones on the ticket's schedule and all of the calendar's.
with ticket_histories as (
    select * from {{ ref('int_ticket_histories') }}
),

ticket_events as (
    select * from {{ kept('ticket_events') }}
),

event_states as (
    select * from {{ ref('ticket_event_states') }}
),

tickets as (
    select * from {{ kept('support_tickets') }}
),

clock as (
    select * from {{ ref('int_support_clock') }}
),

lifetimes as (
    select
        ticket_id,
        schedule,
        has_pauses,
        opened,
        greatest(coalesce(solved, now_seconds), opened) as ends,
        solved is null as is_open
    from ticket_histories
),

changes as (
    select
        lifetimes.ticket_id,
        event_states.state,
        ticket_events.row_number as position,
        {{ seconds_of('ticket_events.occurred_at') }} as occurred
    from ticket_events
    inner join event_states on ticket_events.event = event_states.event
    inner join lifetimes on ticket_events.ticket_id = lifetimes.ticket_id
    where
        lifetimes.has_pauses
        and {{ seconds_of('ticket_events.occurred_at') }} >= lifetimes.opened
    union all
    select
        ticket_id,
        'running' as state,
        -1 as position,
        opened as occurred
    from lifetimes
    where has_pauses
    union all
    -- the ticket's own solution may have no event
    select
        lifetimes.ticket_id,
        'solved' as state,
        0 as position,
        {{ seconds_of('tickets.resolved_at') }} as occurred
    from lifetimes
    inner join tickets on lifetimes.ticket_id = tickets.ticket_id
    where
        lifetimes.has_pauses
        and {{ seconds_of('tickets.resolved_at') }} >= lifetimes.opened
),

states as (
    select
        ticket_id,
        state,
        position,
        occurred,
        coalesce(
            last_value(case when state in ('solved', 'reopened') then state end ignore nulls) over (
                partition by ticket_id
                order by occurred asc, position asc
                rows between unbounded preceding and current row
            ),
            'running'
        ) as work_state,
        lead(occurred) over (
            partition by ticket_id
            order by occurred asc, position asc
        ) as next_occurred
    from changes
),

running_spans as (
    select
        states.ticket_id,
        lifetimes.schedule,
        states.occurred as starts,
        least(coalesce(states.next_occurred, lifetimes.ends), lifetimes.ends) as ends
    from states
    inner join lifetimes on states.ticket_id = lifetimes.ticket_id
    where
        states.state <> 'waiting'
        and states.work_state <> 'solved'
        and states.occurred < lifetimes.ends
        and (states.occurred < states.next_occurred or states.next_occurred is null)
    union all
    select
        states.ticket_id,
        lifetimes.schedule,
        lifetimes.ends as starts,
        lifetimes.ends
    from states
    inner join lifetimes on states.ticket_id = lifetimes.ticket_id
    where
        lifetimes.is_open
        and states.next_occurred is null
        and states.state = 'waiting'
        and states.work_state <> 'solved'
    union all
    select
        ticket_id,
        schedule,
        opened as starts,
        ends
    from lifetimes
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
