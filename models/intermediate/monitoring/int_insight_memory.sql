-- What the builds before told of this shop, whose data begin on the same day, up to today.
with memory as (
    select * from {{ source('load', 'memory_insights') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
)

select
    memory.insight_id,
    memory.template,
    memory.metric,
    memory.dimension,
    memory.entity,
    memory.is_better,
    memory.from_date,
    memory.first_told_on
from memory
inner join as_of
    on
        memory.history_from = as_of.first_event_on
        and memory.first_told_on <= as_of.as_of_date
