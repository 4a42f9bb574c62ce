-- 1. A mailing is what one customer was sent: an impression in a channel whose touches say when one was
--    opened. What follows under the same campaign, until it comes again, belongs to it.
-- 2. An open without an impression before it was sent all the same: its mailing begins with it.
-- 3. A click is an open too: pictures, by which opens are seen, may have been blocked.
with touchpoints as (
    select * from {{ kept('touchpoints') }}
    where touch_type in ('impression', 'open', 'click', 'unsubscribe')
),

channels as (
    select * from {{ ref('int_channels') }}
),

named as (
    select
        touchpoints.*,
        channels.channel as channel_name,
        coalesce(touchpoints.campaign, '') as campaign_name,
        bool_or(touchpoints.touch_type = 'open') over (partition by channels.channel)
            as has_opens
    from touchpoints
    inner join channels on lower(trim(touchpoints.channel)) = channels.channel_key
),

numbered as (
    select
        *,
        count(*) filter (touch_type = 'impression') over (
            partition by customer_id, channel_name, campaign_name
            order by
                touched_at,
                -- an impression of the same second comes first
                case touch_type when 'impression' then 0 else 1 end,
                touchpoint_id
            rows unbounded preceding
        ) as mailing_number
    from named
    where has_opens
),

mailings as (
    select
        customer_id,
        channel_name as channel,
        nullif(campaign_name, '') as campaign,
        mailing_number,
        mailing_number > 0 as is_sending_seen,
        min(touched_at) as sent_at,
        min(touched_at) filter (touch_type in ('open', 'click')) as opened_at,
        min(touched_at) filter (touch_type = 'click') as clicked_at,
        min(touched_at) filter (touch_type = 'unsubscribe') as unsubscribed_at
    from numbered
    group by customer_id, channel_name, campaign_name, mailing_number
)

select * from mailings
