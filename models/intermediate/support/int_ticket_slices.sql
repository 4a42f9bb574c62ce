-- A ticket once for all, and once for its team, channel and priority where it has them.
with support_tickets as (
    select * from {{ ref('support_tickets') }}
),

slices as (
    select
        *,
        unnest([
            {'dimension': 'all', 'entity': 'all'},
            {'dimension': 'team', 'entity': team},
            {'dimension': 'channel', 'entity': channel},
            {'dimension': 'priority', 'entity': priority}
        ]) as slice
    from support_tickets
),

ticket_slices as (
    select
        slice.dimension as dimension,
        slice.entity as entity,
        cast(date_trunc('month', opened_on) as date) as month,
        ticket_id,
        has_reply,
        is_open,
        is_solution_time_unknown,
        resolved_at,
        satisfaction_score,
        first_reply_minutes,
        first_reply_business_minutes,
        resolution_minutes,
        resolution_business_minutes,
        case
            when is_open then age_minutes
            else resolution_minutes
        end as watched_minutes,
        case
            when is_open then age_business_minutes
            else resolution_business_minutes
        end as watched_business_minutes
    from slices
    where slice.entity is not null
)

select * from ticket_slices
