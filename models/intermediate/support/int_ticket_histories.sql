-- 1. The first reply is the ticket's own, else its first `replied` event (int_ticket_event_facts).
-- 2. A ticket is resolved when it was solved first after it was last reopened, by its own time or by
--    an event; one that was reopened and not solved since is open.
-- 3. Team and agent are the ticket's own, else those of its events.
-- 4. The hours of a ticket are its team's, else its channel's, else `default`, else the only ones.
-- 5. A reply or solution before the ticket was opened measures nothing: has_times_out_of_order.
-- 6. Where a newer state of an unsolved ticket was rejected, or an event that may have solved or
--    reopened it, it may be solved: there is no now. Nor is it known that nobody replied.
-- 7. Of a ticket solved by an event alone, of which another that may have solved it earlier was
--    rejected, it is known that it is solved, and not how long that took.
with event_facts as (
    select * from {{ ref('int_ticket_event_facts') }}
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
        coalesce(tickets.team, event_facts.team) as answering_team,
        coalesce(tickets.agent, event_facts.agent) as answering_agent,
        coalesce(event_facts.team_count, 0) as team_count,
        coalesce(event_facts.reopened_count, 0) as reopened_count,
        coalesce(event_facts.has_pauses, false) as has_pauses,
        coalesce(
            tickets.first_replied_at,
            case when not event_facts.has_rejected_reply then event_facts.replied_at end
        ) as replied_at,
        coalesce(tickets.has_rejected_state, false)
        or coalesce(event_facts.has_rejected_reply or event_facts.has_unreadable_event, false)
            as may_be_replied,
        case
            when event_facts.has_rejected_reopening then null
            when
                event_facts.last_reopened_at is null
                or tickets.resolved_at > event_facts.last_reopened_at
                then least(tickets.resolved_at, event_facts.solved_at)
            else event_facts.solved_at
        end as solved_at,
        coalesce(event_facts.is_clock_unknown, false) as is_clock_unknown,
        event_facts.may_be_solved_earlier
        and (
            tickets.resolved_at is null or tickets.resolved_at <= event_facts.last_reopened_at
        ) as may_be_solved_earlier,
        coalesce(tickets.has_rejected_state, false)
        or coalesce(event_facts.has_rejected_solution or event_facts.has_rejected_reopening, false)
            as may_be_solved
    from {{ kept('support_tickets') }} as tickets
    left join event_facts on tickets.ticket_id = event_facts.ticket_id
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
        resolved.replied_at is null and resolved.may_be_replied as is_reply_unknown,
        resolved.solved_at is not null and coalesce(resolved.may_be_solved_earlier, false)
            as is_solution_time_unknown,
        resolved.is_clock_unknown,
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
        on resolved.solved_at is not null or not resolved.may_be_solved
    left join schedules as of_team on resolved.answering_team = of_team.schedule
    left join schedules as of_channel on resolved.channel = of_channel.schedule
    left join schedules as by_default on by_default.schedule = 'default'
    left join schedules as only_one on only_one.schedule_count = 1
)

select * from ticket_histories
