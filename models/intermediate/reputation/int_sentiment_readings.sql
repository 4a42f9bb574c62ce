-- 1. Points are 100 x a difference of nets, not percent of a figure that crosses zero. A month is read
--    twice: its change from the month before it that has mentions, and its distance from what is
--    usual, the mean of up to 24 months before it.
-- 2. z is a reading over its own standard error. Every month gets one positive and one negative
--    mention more for it, so that a few mentions of one kind do not pass for certainty (Agresti and
--    Caffo 2000).
with sentiment as (
    select * from {{ ref('sentiment') }}
    where mention_count > 0
),

limits as (
    select * from {{ ref('sentiment_limits') }}
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

sentiment_readings as (
    select
        errors.dimension,
        errors.entity,
        errors.assessment,
        limits.status as limits_status,
        errors.mention_count,
        errors.net_sentiment,
        lag(errors.net_sentiment) over slice as previous_net_sentiment,
        limits.centre,
        limits.limit_lower,
        limits.limit_upper,
        limits.false_alarms_per_year,
        100 * (errors.net_sentiment - lag(errors.net_sentiment) over slice) as change_points,
        (errors.shrunken_net - lag(errors.shrunken_net) over slice)
        / sqrt(errors.variance + lag(errors.variance) over slice) as change_z,
        100 * (errors.net_sentiment - limits.centre) as distance_points,
        (errors.shrunken_net - limits.centre) / sqrt(errors.variance) as distance_z,
        errors.month,
        lag(errors.month) over slice as previous_month
    from errors
    inner join limits using (dimension, entity, month)
    window slice as (
        partition by errors.dimension, errors.entity
        order by errors.month
    )
)

select * from sentiment_readings
