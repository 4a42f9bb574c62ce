-- What the published file remembers of inputs in builds of earlier days over data that begin on the
-- same day: another shop's columns say nothing.
select
    memory.input_table,
    memory.status,
    memory.added_columns,
    memory.missing_columns,
    memory.column_names,
    memory.rows_read,
    memory.rows_rejected,
    memory.rejected_rate,
    memory.rows_before,
    memory.rejected_rate_before,
    memory.age_days,
    memory.newest_event_on,
    memory.compared_with,
    memory.history_from,
    memory.as_of_date,
    row_number() over (partition by memory.input_table order by memory.as_of_date desc) as age_rank
from {{ source('load', 'memory_inputs') }} as memory
inner join {{ ref('int_as_of') }} as as_of
    on memory.history_from = as_of.first_event_on and memory.as_of_date < as_of.as_of_date
