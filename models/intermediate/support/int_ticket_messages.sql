-- Different messages once, the newest where there are more than a build should score.
with tickets as (
    select * from {{ kept('support_tickets') }}
),

ticket_messages as (
    select
        message,
        count(*) as ticket_count
    from tickets
    where message is not null
    group by message
    order by max(opened_at) desc, message asc
    limit {{ var('sentiment_messages') }}
)

select * from ticket_messages
