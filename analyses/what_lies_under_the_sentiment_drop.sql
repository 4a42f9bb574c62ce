-- What lies under the worst drop in sentiment of the last two years? The month whose net lies furthest
-- below what was usual before it: how far it fell, since when it is below, until when; then, warehouse
-- by warehouse, the parcels of those months against the year before, and the incidents open meanwhile.
-- Where lateness rose with an incident at one warehouse only, there is the cause to look at first.
with anomalies as (
    select * from {{ ref('sentiment_anomalies') }}
    where dimension = 'all'
)

select * from anomalies
