-- Spend by week and channel over the weeks that have spend of any channel at all.
-- 1. A channel without any spend that was shown is measured by its impressions: an own channel works
--    without costing.
-- 2. A week in which a channel spent nothing has 0.
with spend as (
    select * from {{ kept('ad_spend') }}
),

channels as (
    select * from {{ ref('int_channels') }}
),

weeks as (
    select * from {{ ref('int_sales_weeks') }}
),

channel_sums as (
    select
        channels.channel,
        sum(spend.spend_amount) as spend_amount,
        sum(spend.impressions) as impressions
    from spend
    inner join channels on lower(trim(spend.channel)) = channels.channel_key
    group by channels.channel
),

covered as (
    select
        cast(date_trunc('week', min(spent_on) + 6) as date) as first_week,
        cast(date_trunc('week', max(spent_on) + 1) as date) - 7 as last_week
    from spend
),

summed as (
    select
        channels.channel,
        cast(date_trunc('week', spend.spent_on) as date) as week,
        sum(spend.spend_amount) as spend_amount,
        sum(spend.impressions) as impressions
    from spend
    inner join channels on lower(trim(spend.channel)) = channels.channel_key
    group by channels.channel, week
),

media_weeks as (
    select
        weeks.week,
        channel_sums.channel,
        channel_sums.spend_amount > 0 as is_paid,
        cast(coalesce(summed.spend_amount, 0) as double) as spend_amount,
        cast(
            case
                when channel_sums.spend_amount > 0 then coalesce(summed.spend_amount, 0)
                else coalesce(summed.impressions, 0)
            end as double
        ) as media
    from weeks
    cross join channel_sums
    inner join covered on weeks.week between covered.first_week and covered.last_week
    left join summed on channel_sums.channel = summed.channel and weeks.week = summed.week
    where channel_sums.spend_amount > 0 or channel_sums.impressions > 0
)

select * from media_weeks
