with input_events as (
    select * from {{ ref('int_input_events') }}
),

as_of as (
    select
        coalesce(
            try_cast('{{ as_of_date_setting() }}' as date),
            cast(max(last_event_at) as date)
        ) as as_of_date
    from input_events
)

-- the newest month that is over
select
    as_of_date,
    cast(date_trunc('month', as_of_date + 1) - to_months(1) as date) as last_month
from as_of
