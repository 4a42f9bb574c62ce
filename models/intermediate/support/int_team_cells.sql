-- 1. Tickets of the last year by who answered, what was asked and when: sums of the logarithm of
--    business minutes (of all minutes where the ticket has no hours), at least half a minute each.
-- 2. Tickets opened in the last weeks are left out: their slow ones are not done yet.
with support_tickets as (
    select * from {{ ref('support_tickets') }}
),

ticket_hours as (
    select * from {{ ref('int_ticket_hours') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

measured as (
    select
        support_tickets.team,
        support_tickets.agent,
        support_tickets.topic,
        support_tickets.priority,
        ticket_hours.hour_of_day // 6 as hour_block,
        unnest([
            {
                'measure': 'first_reply',
                'minutes': coalesce(
                    support_tickets.first_reply_business_minutes,
                    support_tickets.first_reply_minutes
                )
            },
            {
                'measure': 'resolution',
                'minutes': coalesce(
                    support_tickets.resolution_business_minutes,
                    support_tickets.resolution_minutes
                )
            }
        ]) as reading
    from support_tickets
    inner join ticket_hours on support_tickets.ticket_id = ticket_hours.ticket_id
    cross join as_of
    where
        support_tickets.team is not null
        and support_tickets.opened_on > as_of.as_of_date - interval 12 month
        and support_tickets.opened_on
        <= as_of.as_of_date - {{ var('support_settling_days') }}
),

team_cells as (
    select
        reading.measure as measure,
        team,
        agent,
        topic,
        priority,
        hour_block,
        count(*) as ticket_count,
        -- rounded: the last digits depend on the order of rows
        {{ decimal_sum('ln(greatest(reading.minutes, 0.5))') }} as log_sum,
        {{ decimal_sum('pow(ln(greatest(reading.minutes, 0.5)), 2)') }} as log_squares,
        median(reading.minutes) as median_minutes
    from measured
    where reading.minutes is not null
    group by all
)

select * from team_cells
