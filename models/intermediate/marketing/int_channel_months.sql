-- Spend, touches and what the mix says of each month and channel that has any. A month of which a day of
-- spend was rejected has no known spend: less would be a better return.
with spend as (
    select * from {{ kept_or_rejected('ad_spend') }}
    where spent_on is not null
),

channels as (
    select * from {{ ref('int_channels') }}
),

touchpoints as (
    select * from {{ ref('touchpoints') }}
),

contributions as (
    select * from {{ ref('mix_contributions') }}
),

parts as (
    select
        channels.channel,
        cast(date_trunc('month', spend.spent_on) as date) as month,
        cast(spend.spend_amount as double) as spend_amount,
        spend.reasons is not null as is_unknown,
        spend.clicks,
        0 as touch_count,
        cast(0 as double) as contribution
    from spend
    inner join channels on lower(trim(spend.channel)) = channels.channel_key
    union all
    select
        channel,
        cast(date_trunc('month', {{ shop_day('touched_at') }}) as date) as month,
        null as spend_amount,
        false as is_unknown,
        null as clicks,
        1 as touch_count,
        0 as contribution
    from touchpoints
    union all
    select
        channel,
        cast(date_trunc('month', week) as date) as month,
        null as spend_amount,
        false as is_unknown,
        null as clicks,
        0 as touch_count,
        contribution
    from contributions
),

channel_months as (
    select
        month,
        channel,
        case when not bool_or(is_unknown) then round(sum(spend_amount), 4) end as spend_amount,
        sum(clicks) as clicks,
        sum(touch_count) as touch_count,
        sum(sum(touch_count)) over (partition by channel) as all_touch_count,
        {{ decimal_sum('contribution', digits=6) }} as contribution,
        cast(sum(sum(cast(contribution as decimal(38, 6)))) over (partition by channel) as double)
            as all_contribution
    from parts
    group by month, channel
)

select * from channel_months
