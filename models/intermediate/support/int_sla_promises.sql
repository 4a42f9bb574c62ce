-- 1. A solution without a reply before it ends the wait. Where tickets were solved and none has a
--    reply, the promise of a reply never applies (problem_log: tickets are accepted in the second they
--    are opened).
-- 2. Of a ticket whose clock or solution nobody knows to the minute, no promise is kept or broken: those
--    that are kept at the latest alone would make the rest look good.
with ticket_histories as (
    select * from {{ ref('int_ticket_histories') }}
),

rules as (
    select * from {{ ref('int_sla_targets') }}
),

targets as (
    select unnest(['first_reply', 'resolution']) as target
),

replies as (
    select count(replied) > 0 or count(solved) = 0 as are_known
    from ticket_histories
),

sla_promises as (
    select
        ticket_histories.ticket_id,
        targets.target,
        ticket_histories.team,
        ticket_histories.channel,
        ticket_histories.priority,
        ticket_histories.schedule,
        rules.clock,
        case
            when ticket_histories.has_times_out_of_order then 'times_out_of_order'
            when
                (ticket_histories.is_reply_unknown and targets.target = 'first_reply')
                or (
                    ticket_histories.now_seconds is null
                    and (targets.target = 'resolution' or ticket_histories.replied is null)
                )
                or (
                    ticket_histories.is_solution_time_unknown
                    and (targets.target = 'resolution' or ticket_histories.replied is null)
                )
                or ticket_histories.is_clock_unknown
                then 'newer_state_rejected'
            when rules.target is null then 'no_target'
            when targets.target = 'first_reply' and not replies.are_known then 'no_reply_times'
            when rules.clock = 'business' and ticket_histories.schedule is null then 'no_hours'
        end as reason,
        rules.clock = 'business' as is_business,
        rules.target_minutes,
        cast(round(60 * rules.target_minutes) as bigint) as target_seconds,
        case
            when targets.target = 'resolution' then ticket_histories.solved
            when coalesce(ticket_histories.replied <= ticket_histories.solved, true)
                then ticket_histories.replied
        end as kept,
        ticket_histories.solved,
        ticket_histories.now_seconds,
        ticket_histories.opened_at
    from ticket_histories
    cross join targets
    cross join replies
    left join rules
        on
            targets.target = rules.target
            and ticket_histories.priority is not distinct from rules.priority
            and ticket_histories.channel is not distinct from rules.channel
            and ticket_histories.team is not distinct from rules.team
)

select * from sla_promises
