-- 1. Net sentiment is (positive - negative) / all mentions, between -1 and 1; null without mentions.
-- 2. Its standard error is that of a mean of values -1, 0 and 1.
-- 3. The assessment follows from the net (seeds/rules/reputation/sentiment_assessments.csv): above a cut-off,
--    not at it.
with mentions as (
    select * from {{ kept('mentions') }}
),

assessments as (
    {{ bands(ref('sentiment_assessments'), 'above_net_sentiment') }}
),

unknown_months as (
    {{ unknown_months('mentions') }}
),

sliced_mentions as (
    select
        *,
        cast(date_trunc('month', mentioned_on) as date) as month,
        unnest([
            {'dimension': 'all', 'entity': 'all'},
            {'dimension': 'source', 'entity': coalesce(source, 'unknown')}
        ]) as slice
    from mentions
),

counts as (
    select
        month,
        slice.dimension as dimension,
        slice.entity as entity,
        cast(sum(positive_count) as bigint) as positive_count,
        cast(sum(negative_count) as bigint) as negative_count,
        cast(sum(neutral_count) as bigint) as neutral_count,
        cast(sum(positive_count + negative_count + neutral_count) as bigint) as mention_count
    from sliced_mentions
    group by all
),

nets as (
    select
        *,
        (positive_count - negative_count) / nullif(mention_count, 0) as net_sentiment,
        (positive_count + negative_count) / nullif(mention_count, 0) as opinion_share
    from counts
),

sentiment as (
    select
        nets.dimension,
        nets.entity,
        assessments.assessment,
        unknown_months.month is not null as has_unknown_part,
        nets.positive_count,
        nets.negative_count,
        nets.neutral_count,
        nets.mention_count,
        nets.net_sentiment,
        sqrt(
            greatest(0, nets.opinion_share - nets.net_sentiment * nets.net_sentiment)
            / nullif(nets.mention_count, 0)
        ) as net_sentiment_standard_error,
        nets.month
    from nets
    left join assessments
        on
            nets.net_sentiment > assessments.above_net_sentiment
            and nets.net_sentiment <= assessments.next_bound
    left join unknown_months on nets.month = unknown_months.month
)

select * from sentiment
