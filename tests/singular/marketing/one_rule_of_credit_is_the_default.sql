select count(*) filter (is_default) as default_count
from {{ ref('attribution_methods') }}
having count(*) filter (is_default) <> 1
