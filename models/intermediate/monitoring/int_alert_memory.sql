-- What the published file remembers of alerts, taken over when a build begins.
select
    alert_id,
    first_reported_on
from {{ source('load', 'memory_alerts') }}
