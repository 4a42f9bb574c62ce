with input_events as (
    select * from {{ source('load', 'input_events') }}
),

as_of as (
    select
        coalesce(
            try_cast('{{ as_of_date_setting() }}' as date),
            cast(max(last_event_at) as date)
        ) as as_of_date,
        cast(min(first_event_at) as date) as first_event_on
    from input_events
)

-- the newest month that is over
select
    as_of_date,
    cast(date_trunc('month', as_of_date + 1) - interval 1 month as date) as last_month,
    first_event_on
from as_of
