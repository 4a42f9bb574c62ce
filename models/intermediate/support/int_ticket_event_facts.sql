-- 1. A ticket is replied to at its first `replied` event, and solved at its first solution after it was
--    last reopened; one that was reopened and not solved since is open (problem_log: 147 of 1,487).
-- 2. Team and agent are those of its newest event that names one.
-- 3. An event that was rejected has been there (`resolved` at a time that cannot be read left its ticket
--    open for ever): it may be the solution, the first reply or another reopening, as it says, or any of
--    these where what it says cannot be read either; of a ticket that is solved that is not supposed.
-- 4. Where a `resolved` was rejected, the first solution kept is the latest there can have been, and so
--    is a `closed` alone where another was rejected; one after a `resolved` says nothing new.
with events as (
    select
        ticket_events.*,
        event_states.state,
        max(
            case when event_states.state = 'reopened' and reasons is null then occurred_at end
        ) over (partition by ticket_id) as last_reopened_at
    from {{ kept_or_rejected('ticket_events') }} as ticket_events
    left join {{ ref('ticket_event_states') }} as event_states
        on ticket_events.event = event_states.event
),

figures as (
    select
        ticket_id,
        min(occurred_at) filter (event = 'replied') as replied_at,
        max(last_reopened_at) as last_reopened_at,
        min(occurred_at) filter (
            state = 'solved' and coalesce(occurred_at > last_reopened_at, last_reopened_at is null)
        ) as solved_at,
        bool_or(
            event = 'resolved'
            and coalesce(occurred_at > last_reopened_at, last_reopened_at is null)
        ) as is_resolved,
        count(*) filter (state = 'reopened') as reopened_count,
        count(*) filter (state in ('waiting', 'reopened')) > 0 as has_pauses,
        count(distinct team) as team_count,
        max_by(team, occurred_at) filter (team is not null) as team,
        max_by(agent, occurred_at) filter (agent is not null) as agent
    from events
    where reasons is null and state is not null
    group by ticket_id
),

rejected as (
    select
        ticket_id,
        bool_or(event = 'replied') as has_rejected_reply,
        bool_or(state = 'reopened') as has_rejected_reopening,
        bool_or(state is null or state = 'solved') as has_rejected_solution,
        bool_or(state is null) as has_unreadable_event,
        bool_or(event = 'resolved') as has_rejected_resolved,
        bool_or(state = 'solved') as has_rejected_solved,
        bool_or(state = 'waiting') as has_rejected_waiting,
        bool_or(state is not null and state <> 'solved') as has_rejected_work
    from events
    where reasons is not null and ticket_id is not null
    group by ticket_id
),

ticket_event_facts as (
    select
        coalesce(figures.ticket_id, rejected.ticket_id) as ticket_id,
        figures.team,
        figures.agent,
        coalesce(figures.has_pauses, false) as has_pauses,
        coalesce(rejected.has_rejected_reply, false) as has_rejected_reply,
        coalesce(rejected.has_rejected_reopening, false) as has_rejected_reopening,
        coalesce(rejected.has_rejected_solution, false) as has_rejected_solution,
        coalesce(rejected.has_unreadable_event, false) as has_unreadable_event,
        coalesce(
            rejected.has_rejected_resolved
            or (rejected.has_rejected_solved and figures.is_resolved is not true),
            false
        ) as may_be_solved_earlier,
        coalesce(
            rejected.has_rejected_waiting or (rejected.has_rejected_work and figures.has_pauses),
            false
        ) as is_clock_unknown,
        coalesce(figures.reopened_count, 0) as reopened_count,
        coalesce(figures.team_count, 0) as team_count,
        figures.replied_at,
        figures.last_reopened_at,
        figures.solved_at
    from figures
    full outer join rejected on figures.ticket_id = rejected.ticket_id
)

select * from ticket_event_facts
