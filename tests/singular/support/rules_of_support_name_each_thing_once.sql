select
    'support_hours' as rule_table,
    concat_ws(', ', schedule, time_zone, iso_weekday, opens_at, closes_at) as what
from {{ ref('support_hours') }}
group by schedule, time_zone, iso_weekday, opens_at, closes_at
having count(*) > 1
union all
select
    'support_holidays' as rule_table,
    concat_ws(', ', schedule, closed_on) as what
from {{ ref('support_holidays') }}
group by schedule, closed_on
having count(*) > 1
union all
select
    'sla_targets' as rule_table,
    concat_ws(', ', target, priority, channel, team) as what
from {{ ref('sla_targets') }}
group by target, priority, channel, team
having count(*) > 1
union all
select
    'support_anomaly_rules' as rule_table,
    concat_ws(', ', kind, severity) as what
from {{ ref('support_anomaly_rules') }}
group by kind, severity
having count(*) > 1
