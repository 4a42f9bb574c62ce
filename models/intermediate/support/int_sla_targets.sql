-- 1. A rule names a priority, a channel, a team, or none of them: what it leaves empty it does not ask.
-- 2. Of the rules that a ticket fulfils, the one that names most decides; of two alike the one that
--    names the team, then the channel; then the shorter promise.
with ticket_histories as (
    select * from {{ ref('int_ticket_histories') }}
),

rules as (
    select * from {{ ref('sla_targets') }}
),

kinds as (
    select distinct
        priority,
        channel,
        team
    from ticket_histories
),

sla_targets as (
    select
        kinds.priority,
        kinds.channel,
        kinds.team,
        rules.target,
        rules.target_minutes,
        rules.clock
    from kinds
    inner join rules
        on
            (rules.priority is null or lower(rules.priority) = lower(kinds.priority))
            and (rules.channel is null or lower(rules.channel) = lower(kinds.channel))
            and (rules.team is null or lower(rules.team) = lower(kinds.team))
    qualify
        row_number() over (
            partition by kinds.priority, kinds.channel, kinds.team, rules.target
            order by
                cast(rules.priority is not null as bigint)
                + cast(rules.channel is not null as bigint)
                + cast(rules.team is not null as bigint) desc,
                cast(rules.team is not null as bigint) desc,
                cast(rules.channel is not null as bigint) desc,
                rules.target_minutes asc,
                rules.clock asc
        ) = 1
)

select * from sla_targets
