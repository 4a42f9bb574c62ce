-- A plan that names a channel twice would be ambiguous.
select
    scenario,
    lower(trim(channel)) as channel
from {{ ref('budget_plans') }}
group by scenario, lower(trim(channel))
having count(*) > 1
