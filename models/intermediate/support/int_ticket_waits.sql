-- Replied tickets of the last year's whole weeks; the newest where there are more than a fit needs.
with ticket_hours as (
    select * from {{ ref('int_ticket_hours') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

this_week as (
    select ({{ seconds_of('cast(as_of_date + 1 as timestamp)') }} // 86400 + 3) // 7 as week
    from as_of
),

ticket_waits as (
    select
        ticket_hours.ticket_id,
        ticket_hours.week - this_week.week + {{ var('support_history_weeks') }} as week,
        ticket_hours.iso_weekday,
        ticket_hours.hour_of_day,
        coalesce(ticket_hours.priority, 'unknown') as priority,
        ticket_hours.first_reply_minutes as minutes
    from ticket_hours
    cross join this_week
    where
        ticket_hours.first_reply_minutes is not null
        and ticket_hours.week >= this_week.week - {{ var('support_history_weeks') }}
        and ticket_hours.week < this_week.week
    qualify
        row_number() over (order by ticket_hours.week desc, md5(ticket_hours.ticket_id) asc)
        <= {{ var('support_fit_tickets') }}
)

select * from ticket_waits
