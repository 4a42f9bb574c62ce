-- 1. The change is in points of net sentiment (100 x the difference), not in percent of a figure that
--    crosses zero; it is to the month before it that has mentions.
-- 2. z is the change over its own standard error. Both months get one positive and one negative
--    mention more, so that a few mentions of one kind do not pass for certainty (Agresti and Caffo
--    2000).
-- 3. A month is an anomaly when its change reaches a severity in points and in z
--    (seeds/rules/sentiment_severities.csv) and its net lies outside its usual limits on the side
--    of the change: 2.66 mean moving ranges around the mean of the months before it (XmR chart).
--    While there are too few months for limits, the change alone decides and the status says so.
-- 4. A rise can be an anomaly; it has no severity.
with sentiment as (
    select * from {{ ref('sentiment') }}
    where mention_count > 0
),

limits as (
    select * from {{ ref('sentiment_limits') }}
),

severities as (
    select * from {{ ref('sentiment_severities') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

shrunken_nets as (
    select
        *,
        (positive_count - negative_count) / (mention_count + 2) as shrunken_net,
        (positive_count + negative_count + 2) / (mention_count + 2) as shrunken_opinion_share
    from sentiment
),

errors as (
    select
        *,
        (shrunken_opinion_share - shrunken_net * shrunken_net) / (mention_count + 2) as variance
    from shrunken_nets
),

changes as (
    select
        dimension,
        entity,
        assessment,
        mention_count,
        net_sentiment,
        lag(net_sentiment) over slice as previous_net_sentiment,
        100 * (net_sentiment - lag(net_sentiment) over slice) as change_points,
        (shrunken_net - lag(shrunken_net) over slice)
        / sqrt(variance + lag(variance) over slice) as change_z,
        lag(month) over slice as previous_month,
        month
    from errors
    window slice as (
        partition by dimension, entity
        order by month
    )
),

limited_changes as (
    select
        changes.*,
        limits.status,
        limits.centre,
        limits.limit_lower,
        limits.limit_upper,
        coalesce(changes.net_sentiment < limits.limit_lower, false) as is_below_limits,
        coalesce(changes.net_sentiment > limits.limit_upper, false) as is_above_limits
    from changes
    inner join limits using (dimension, entity, month)
),

severity_reached as (
    select
        limited_changes.dimension,
        limited_changes.entity,
        limited_changes.month,
        max_by(severities.severity, severities.minimum_change_points) as severity
    from limited_changes
    inner join severities
        on
            abs(limited_changes.change_points) >= severities.minimum_change_points
            and abs(limited_changes.change_z) >= severities.minimum_z
    where
        limited_changes.status <> 'ok'
        or case
            when limited_changes.change_points < 0 then limited_changes.is_below_limits
            else limited_changes.is_above_limits
        end
    group by all
),

sentiment_anomalies as (
    select
        dimension,
        entity,
        case
            when limited_changes.change_points < 0 then 'drop'
            when limited_changes.change_points > 0 then 'rise'
            when limited_changes.change_points = 0 then 'none'
        end as direction,
        case when limited_changes.change_points < 0 then severity_reached.severity end as severity,
        limited_changes.assessment,
        'change over its standard error within XmR limits' as method,
        case
            when limited_changes.previous_month is null then 'insufficient_data'
            when limited_changes.status <> 'ok' then 'short_history'
            else 'ok'
        end as status,
        severity_reached.severity is not null as is_anomaly,
        limited_changes.is_below_limits,
        limited_changes.is_above_limits,
        limited_changes.mention_count,
        limited_changes.net_sentiment,
        limited_changes.previous_net_sentiment,
        limited_changes.change_points,
        limited_changes.change_z,
        limited_changes.centre as usual_net_sentiment,
        limited_changes.limit_lower as net_sentiment_limit_lower,
        limited_changes.limit_upper as net_sentiment_limit_upper,
        month,
        limited_changes.previous_month,
        as_of.as_of_date
    from limited_changes
    left join severity_reached using (dimension, entity, month)
    cross join as_of
)

select * from sentiment_anomalies
