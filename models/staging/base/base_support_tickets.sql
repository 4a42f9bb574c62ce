with source as (
    select * from {{ source('raw', 'support_tickets') }}
),

cast_rows as (
    select
        row_number,
        ticket_id,
        customer_id,
        team,
        agent,
        channel,
        priority,
        topic,
        message,
        {{ as_decimal('satisfaction_score') }} as satisfaction_score,
        {{ as_timestamp('opened_at') }} as opened_at,
        {{ as_timestamp('first_replied_at') }} as first_replied_at,
        {{ as_timestamp('resolved_at') }} as resolved_at,
        {{ reasons([
            faults('ticket_id', required=true),
            faults('opened_at', 'timestamp', required=true, event=true),
            faults('first_replied_at', 'timestamp', event=true),
            faults('resolved_at', 'timestamp', event=true),
            faults('satisfaction_score', 'decimal', minimum=0),
        ]) }} as reasons
    from source
),

{{ judged(key=['ticket_id'], newest='opened_at') }}
