-- met + breached + running + not_applicable = tickets x targets
select
    (select count(*) from {{ ref('support_tickets') }}) as tickets,
    count(*) filter (status in ('met', 'breached', 'running', 'not_applicable')) as verdicts
from {{ ref('sla_results') }}
having
    2 * (select count(*) from {{ ref('support_tickets') }})
    <> count(*) filter (status in ('met', 'breached', 'running', 'not_applicable'))
