-- dates and the events of the inputs agree: no day is missing between the first and the last, and
-- no event lies outside.
with bounds as (
    select
        min(date_day) as first_day,
        max(date_day) as last_day,
        count(*) as day_count
    from {{ ref('dates') }}
),

events as (
    select
        cast(min(first_event_at) as date) as first_event_on,
        cast(max(last_event_at) as date) as last_event_on
    from {{ ref('input_summary') }}
)

select
    bounds.first_day,
    bounds.last_day,
    bounds.day_count,
    events.first_event_on,
    events.last_event_on
from bounds
cross join events
where
    bounds.day_count <> coalesce(bounds.last_day - bounds.first_day + 1, 0)
    or (
        events.first_event_on is not null
        and not coalesce(
            events.first_event_on >= bounds.first_day
            and events.last_event_on <= bounds.last_day,
            false
        )
    )
