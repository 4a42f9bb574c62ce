-- 1. An alert is open until `alert_gap_days` passed since its last finding: there is one open row
--    per series and side. The same data give the same rows in every build.
-- 2. Alerts that overlap in time are one group with one cause to be looked for; the most severe
--    leads. An input that stopped leads before all else: what is made from it is not tested
--    (metric_daily).
-- 3. What a person acknowledged or muted (seeds/rules/monitoring/alert_responses.csv) says so; a row
--    that names nothing answers nothing.
-- 4. `first_reported_on` is remembered from the published file: nothing else depends on builds.
with episodes as (
    select * from {{ ref('int_alert_episodes') }}
),

responses as (
    select * from {{ ref('alert_responses') }}
),

memory as (
    select * from {{ ref('int_alert_memory') }}
),

named as (
    select
        *,
        concat_ws(':', rule, metric, dimension, entity, direction, cast(opened_on as varchar))
            as alert_id,
        last_seen_on + gap_days < as_of_date as is_over,
        max(last_seen_on) over (
            order by opened_on, last_seen_on, metric, dimension, entity, direction
            rows between unbounded preceding and 1 preceding
        ) as seen_until
    from episodes
),

grouped as (
    select
        *,
        sum(case when opened_on <= seen_until then 0 else 1 end) over (
            order by opened_on, last_seen_on, metric, dimension, entity, direction
            rows between unbounded preceding and current row
        ) as group_number
    from named
),

answered as (
    select
        named.alert_id,
        bool_or(responses.response = 'acknowledged') as is_acknowledged,
        bool_or(responses.response = 'muted') as is_muted
    from named
    inner join responses
        on
            named.as_of_date <= responses.until_on
            and {{ answers_alert('responses', 'named') }}
    group by named.alert_id
),

alerts as (
    select
        grouped.alert_id,
        first_value(grouped.alert_id) over by_weight as group_id,
        grouped.rule,
        grouped.metric,
        grouped.dimension,
        grouped.entity,
        grouped.unit,
        grouped.direction,
        case when grouped.is_over then 'closed' else 'open' end as state,
        row_number() over by_weight = 1 as is_lead,
        grouped.is_better,
        coalesce(answered.is_acknowledged, false) as is_acknowledged,
        coalesce(answered.is_muted, false) as is_muted,
        cast(grouped.severity as bigint) as severity,
        cast(grouped.occurrence_count as bigint) as occurrence_count,
        cast(grouped.observed as double) as observed,
        cast(grouped.expected as double) as expected,
        grouped.money,
        grouped.opened_on,
        grouped.last_seen_on,
        case when grouped.is_over then grouped.last_seen_on + grouped.gap_days end as closed_on,
        -- a build with an earlier as-of date than one before it
        least(memory.first_reported_on, grouped.as_of_date) as first_reported_on,
        grouped.as_of_date
    from grouped
    left join answered on grouped.alert_id = answered.alert_id
    left join memory on grouped.alert_id = memory.alert_id
    window by_weight as (
        partition by grouped.group_number
        order by
            grouped.rule = 'input_stopped' desc, coalesce(answered.is_muted, false) asc,
            grouped.severity desc, grouped.opened_on asc, grouped.alert_id asc
    )
)

select * from alerts
