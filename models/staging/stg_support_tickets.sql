with base as (
    select * from {{ ref('base_support_tickets') }}
),

kept_rows as (
    select
        ticket_id,
        customer_id,
        team,
        agent,
        channel,
        priority,
        topic,
        message,
        satisfaction_score,
        opened_at,
        first_replied_at,
        resolved_at,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
