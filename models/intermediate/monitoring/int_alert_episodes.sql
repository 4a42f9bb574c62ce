-- 1. Findings of one series on one side are one episode while no more than `alert_gap_days` lie
--    between them.
-- 2. An input whose newest row is older than it was ever silent for in its last year has stopped.
--    It is seen every day since; one that is silent as usual is no finding.
with anomalies as (
    select * from {{ ref('metric_anomalies') }}
),

silences as (
    select * from {{ ref('int_source_coverage') }}
    where source <> 'inputs' and longest_gap_days > 0
),

as_of as (
    select
        as_of.as_of_date,
        cast(max(settings.value) as integer) as gap_days
    from {{ ref('int_as_of') }} as as_of
    cross join {{ ref('monitoring_settings') }} as settings
    where settings.setting = 'alert_gap_days'
    group by as_of.as_of_date
),

followed as (
    select
        anomalies.*,
        as_of.gap_days,
        max(anomalies.ends_on) over (
            partition by
                anomalies.metric, anomalies.dimension, anomalies.entity, anomalies.direction
            order by anomalies.ends_on, anomalies.period
            rows between unbounded preceding and 1 preceding
        ) as seen_until
    from anomalies
    cross join as_of
),

numbered as (
    select
        *,
        case when starts_on <= seen_until + gap_days then 0 else 1 end as begins_episode
    from followed
),

episodes as (
    select
        *,
        sum(begins_episode) over (
            partition by metric, dimension, entity, direction
            order by ends_on, period
            rows between unbounded preceding and current row
        ) as episode_number
    from numbered
),

alert_episodes as (
    select
        'unusual' as rule,
        metric,
        dimension,
        entity,
        unit,
        direction,
        is_better,
        max(severity) as severity,
        count(*) as occurrence_count,
        max_by(observed, (severity, ends_on)) as observed,
        max_by(expected, (severity, ends_on)) as expected,
        coalesce(sum(money) filter (period = 'week'), sum(money)) as money,
        min(starts_on) as opened_on,
        max(ends_on) as last_seen_on,
        gap_days,
        as_of_date
    from episodes
    group by
        metric, dimension, entity, unit, direction, is_better, episode_number, gap_days, as_of_date
    union all
    select
        'input_stopped' as rule,
        'input_age_days' as metric,
        'input_table' as dimension,
        silences.source as entity,
        'days' as unit,
        'above' as direction,
        false as is_better,
        10 as severity,
        as_of.as_of_date - silences.newest_day - silences.longest_gap_days as occurrence_count,
        as_of.as_of_date - silences.newest_day as observed,
        silences.longest_gap_days as expected,
        cast(null as double) as money,
        silences.newest_day + silences.longest_gap_days + 1 as opened_on,
        as_of.as_of_date as last_seen_on,
        as_of.gap_days,
        as_of.as_of_date
    from silences
    cross join as_of
    where as_of.as_of_date - silences.newest_day > silences.longest_gap_days
)

select * from alert_episodes
