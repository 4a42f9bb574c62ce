-- 1. A ticket that never paused has none of these: it runs from its opening on.
-- 2. `assigned` or `replied` after a solution do not reopen (problem_log: a ticket is queued again for
--    closing).
with lifetimes as (
    select
        ticket_id,
        schedule,
        opened,
        greatest(coalesce(solved, now_seconds), opened) as ends,
        solved is null as is_open
    from {{ ref('int_ticket_histories') }}
    where has_pauses
),

changes as (
    select
        lifetimes.ticket_id,
        event_states.state,
        ticket_events.row_number as position,
        {{ seconds_of('ticket_events.occurred_at') }} as occurred
    from {{ kept('ticket_events') }} as ticket_events
    inner join {{ ref('ticket_event_states') }} as event_states
        on ticket_events.event = event_states.event
    inner join lifetimes on ticket_events.ticket_id = lifetimes.ticket_id
    where {{ seconds_of('ticket_events.occurred_at') }} >= lifetimes.opened
    union all
    select
        ticket_id,
        'running' as state,
        -1 as position,
        opened as occurred
    from lifetimes
    union all
    -- the ticket's own solution may have no event
    select
        lifetimes.ticket_id,
        'solved' as state,
        0 as position,
        {{ seconds_of('tickets.resolved_at') }} as occurred
    from lifetimes
    inner join {{ kept('support_tickets') }} as tickets on lifetimes.ticket_id = tickets.ticket_id
    where {{ seconds_of('tickets.resolved_at') }} >= lifetimes.opened
),

ordered_changes as (
    select
        ticket_id,
        state,
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

ticket_states as (
    select
        ordered_changes.ticket_id,
        lifetimes.schedule,
        ordered_changes.state,
        ordered_changes.work_state,
        lifetimes.is_open,
        ordered_changes.occurred,
        ordered_changes.next_occurred,
        lifetimes.ends
    from ordered_changes
    inner join lifetimes on ordered_changes.ticket_id = lifetimes.ticket_id
)

select * from ticket_states
