-- Whole weeks of the last year before today; the first is the week after the oldest ticket's.
with ticket_hours as (
    select * from {{ ref('int_ticket_hours') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

extent as (
    select
        greatest(
            min(ticket_hours.week) + 1,
            max(
                {{ seconds_of('cast(as_of.as_of_date + 1 as timestamp)') }} // 86400 + 3
            ) // 7 - {{ var('support_history_weeks') }}
        ) as first_week,
        max({{ seconds_of('cast(as_of.as_of_date + 1 as timestamp)') }} // 86400 + 3) // 7
            as this_week
    from ticket_hours
    cross join as_of
),

ticket_volumes as (
    select
        coalesce(ticket_hours.channel, 'unknown') as channel,
        ticket_hours.week - extent.first_week as week,
        ticket_hours.hour_of_week,
        extent.this_week - extent.first_week as week_count,
        count(*) as ticket_count
    from ticket_hours
    cross join extent
    where
        ticket_hours.week >= extent.first_week
        and ticket_hours.week < extent.this_week
    group by all
)

select * from ticket_volumes
