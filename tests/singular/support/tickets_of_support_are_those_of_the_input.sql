with counted as (
    select
        (select count(*) from {{ kept('support_tickets') }}) as in_the_input,
        (select count(*) from {{ ref('support_tickets') }}) as tickets,
        (select count(*) from {{ ref('ticket_sentiment') }}) as with_sentiment,
        (
            select coalesce(sum(ticket_count), 0)
            from {{ ref('support_performance') }}
            where dimension = 'all'
        ) as in_months,
        (select count(*) filter (is_open) from {{ ref('support_tickets') }}) as open_tickets,
        (
            select coalesce(max_by(backlog_count, month), 0)
            from {{ ref('support_performance') }}
            where dimension = 'all'
        ) as backlog
)

select *
from counted
where
    in_the_input <> tickets
    or in_the_input <> with_sentiment
    or in_the_input <> in_months
    or open_tickets <> backlog
