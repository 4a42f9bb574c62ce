-- 1. The first reply is the ticket's own, else its first `replied` event.
-- 2. A ticket is resolved when it was solved first after it was last reopened, by its own time or by
--    an event; one that was reopened and not solved since is open (problem_log: 147 of 1,487 come back).
-- 3. Team and agent are the ticket's own, else those of its newest event that names one.
-- 4. The hours of a ticket are its team's, else its channel's, else `default`, else the only ones.
-- 5. A reply or solution before the ticket was opened measures nothing: has_times_out_of_order.
-- 6. Where a newer state of an unsolved ticket was rejected it may be solved: there is no now.
with events as (
    select
        ticket_events.*,
        event_states.state,
        max(case when event_states.state = 'reopened' then ticket_events.occurred_at end) over (
            partition by ticket_events.ticket_id
        ) as last_reopened_at
    from {{ kept('ticket_events') }} as ticket_events
    inner join {{ ref('ticket_event_states') }} as event_states
        on ticket_events.event = event_states.event
),

event_figures as (
    select
        ticket_id,
        min(occurred_at) filter (event = 'replied') as replied_at,
        min(occurred_at) filter (state = 'solved') as first_solved_at,
        max(last_reopened_at) as last_reopened_at,
        min(occurred_at) filter (state = 'solved' and occurred_at > last_reopened_at)
            as solved_again_at,
        count(*) filter (state = 'reopened') as reopened_count,
        count(*) filter (state in ('waiting', 'reopened')) > 0 as has_pauses,
        count(distinct team) as team_count,
        max_by(team, occurred_at) filter (team is not null) as team,
        max_by(agent, occurred_at) filter (agent is not null) as agent
    from events
    group by ticket_id
),

schedules as (
    select
        schedule,
        count(*) over () as schedule_count
    from {{ ref('int_support_hours') }}
    group by schedule
),

resolved as (
    select
        tickets.*,
        coalesce(tickets.team, event_figures.team) as answering_team,
        coalesce(tickets.agent, event_figures.agent) as answering_agent,
        coalesce(event_figures.team_count, 0) as team_count,
        coalesce(event_figures.reopened_count, 0) as reopened_count,
        coalesce(event_figures.has_pauses, false) as has_pauses,
        coalesce(tickets.first_replied_at, event_figures.replied_at) as replied_at,
        case
            when event_figures.last_reopened_at is null
                then least(tickets.resolved_at, event_figures.first_solved_at)
            when tickets.resolved_at > event_figures.last_reopened_at
                then least(tickets.resolved_at, event_figures.solved_again_at)
            else event_figures.solved_again_at
        end as solved_at
    from {{ kept('support_tickets') }} as tickets
    left join event_figures on tickets.ticket_id = event_figures.ticket_id
),

ticket_histories as (
    select
        resolved.ticket_id,
        resolved.customer_id,
        resolved.answering_team as team,
        resolved.answering_agent as agent,
        resolved.channel,
        resolved.priority,
        resolved.topic,
        coalesce(of_team.schedule, of_channel.schedule, by_default.schedule, only_one.schedule)
            as schedule,
        resolved.has_pauses,
        coalesce(least(resolved.replied_at, resolved.solved_at) < resolved.opened_at, false)
            as has_times_out_of_order,
        resolved.reopened_count,
        greatest(resolved.team_count, cast(resolved.answering_team is not null as bigint))
            as team_count,
        cast(resolved.handle_minutes as double) as handle_minutes,
        cast(resolved.satisfaction_score as double) as satisfaction_score,
        {{ seconds_of('resolved.opened_at') }} as opened,
        {{ seconds_of('resolved.replied_at') }} as replied,
        {{ seconds_of('resolved.solved_at') }} as solved,
        {{ seconds_of('cast(as_of.as_of_date + 1 as timestamp)') }} as now_seconds,
        resolved.opened_at,
        resolved.replied_at as first_replied_at,
        resolved.solved_at as resolved_at
    from resolved
    left join {{ ref('int_as_of') }} as as_of
        on resolved.solved_at is not null or resolved.has_rejected_state is not true
    left join schedules as of_team on resolved.answering_team = of_team.schedule
    left join schedules as of_channel on resolved.channel = of_channel.schedule
    left join schedules as by_default on by_default.schedule = 'default'
    left join schedules as only_one on only_one.schedule_count = 1
)

select * from ticket_histories
