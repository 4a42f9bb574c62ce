-- Today's spend of each channel that costs money: the mean of the last weeks.
with media as (
    select * from {{ ref('int_media_weeks') }}
    where is_paid
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

newest as (
    select max(week) as week from media
),

current_spend as (
    select
        media.channel,
        round(sum(media.spend_amount) / count(*), 6) as weekly_spend
    from media
    cross join newest
    cross join settings
    where date_diff('day', media.week, newest.week) < 7 * settings.current_spend_weeks
    group by media.channel
)

select * from current_spend
