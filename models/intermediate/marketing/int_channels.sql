-- 1. Channels are compared without regard to case and blanks around them (Search, search).
-- 2. A channel is written as it is most often, the first by alphabet where two are equally often.
with touchpoints as (
    select * from {{ kept('touchpoints') }}
),

ad_spend as (
    select * from {{ kept('ad_spend') }}
),

spellings as (
    select
        lower(trim(channel)) as channel_key,
        trim(channel) as channel
    from touchpoints
    union all
    select
        lower(trim(channel)) as channel_key,
        trim(channel) as channel
    from ad_spend
),

counted as (
    select
        channel_key,
        channel,
        count(*) as use_count
    from spellings
    group by channel_key, channel
),

channels as (
    select
        channel_key,
        channel
    from counted
    qualify row_number() over (partition by channel_key order by use_count desc, channel asc) = 1
)

select * from channels
