-- The files and staging agree that a file is what its name says: of its rows one at least can be
-- used. A file of which none can is damaged as a whole, and would empty what was published before.
select
    input_table,
    source_file,
    rows_read
from {{ ref('input_summary') }}
where rows_read > 0 and rows_kept = 0 and rows_after_as_of = 0
