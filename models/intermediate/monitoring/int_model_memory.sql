-- What the published file remembers of learned models, taken over when a build begins; what was made
-- from data that begin on another day is another shop's.
select
    memory.mart,
    memory.model,
    memory.version,
    memory.parameters,
    memory.figures,
    memory.code_version,
    memory.parameter_count,
    memory.case_count,
    memory.data_from,
    memory.data_until,
    memory.first_built_on,
    memory.last_built_on,
    memory.history_from
from {{ source('load', 'memory_models') }} as memory
inner join {{ ref('int_as_of') }} as as_of on memory.history_from = as_of.first_event_on
