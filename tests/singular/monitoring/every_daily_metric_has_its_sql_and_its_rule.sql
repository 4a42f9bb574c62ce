-- A row of daily_metrics.csv that nothing counts would stay silent for ever, and a figure without a
-- row would never be shown: both name themselves here. Shares of another metric need no SQL.
with counted as (
    select distinct unnest(figures).metric as metric
    from {{ ref('int_metric_facts') }}
),

rules as (
    select * from {{ ref('daily_metrics') }}
)

select
    coalesce(rules.metric, counted.metric) as metric,
    counted.metric is not null as has_sql,
    rules.metric is not null as has_rule
from rules
full outer join counted on rules.metric = counted.metric
where (counted.metric is null and rules.share_of is null) or rules.metric is null
