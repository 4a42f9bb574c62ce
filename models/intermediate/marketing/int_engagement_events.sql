-- What happens to a customer of a channel: mailings sent, opened and clicked, orders; and the moments
-- that are looked at, each before what happens in its second.
-- 1. Moments are mailings old enough to have been opened (`engagement_days`) of the last
--    `engagement_weeks`, and today for everybody who was ever mailed.
-- 2. Opens and clicks count within `engagement_days` of sending.
with mailings as (
    select * from {{ ref('int_mailings') }}
),

orders as (
    select * from {{ ref('orders') }}
    where is_purchase and customer_id is not null
),

settings as (
    select
        cast(engagement_days as integer) as days,
        cast(engagement_weeks * 7 as integer) as days_back
    from {{ ref('int_marketing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

timely as (
    select
        mailings.customer_id,
        mailings.channel,
        mailings.sent_at,
        {% for event in ['opened', 'clicked'] -%}
        case
            when mailings.{{ event }}_at <= mailings.sent_at + to_days(settings.days)
                then mailings.{{ event }}_at
        end as {{ event }}_at,
        {% endfor -%}
        {{ shop_day('mailings.sent_at') }} as sent_on
    from mailings
    cross join settings
    where mailings.is_sending_seen
),

mailed as (
    select distinct
        customer_id,
        channel
    from timely
),

events as (
    select
        timely.customer_id,
        timely.channel,
        'moment' as event,
        timely.opened_at is not null as has_opened,
        timely.clicked_at is not null as has_clicked,
        timely.sent_at as happens_at
    from timely
    cross join settings
    cross join as_of
    where
        timely.sent_on + settings.days < as_of.as_of_date
        and timely.sent_on + settings.days_back > as_of.as_of_date
    union all
    select
        mailed.customer_id,
        mailed.channel,
        'today' as event,
        cast(null as boolean) as has_opened,
        cast(null as boolean) as has_clicked,
        cast(as_of.as_of_date + 2 as timestamp) as happens_at
    from mailed
    cross join as_of
    {% for event, mailing in {
        'sent': 'timely', 'opened': 'timely', 'clicked': 'timely', 'unsubscribed': 'mailings'
    }.items() -%}
    union all
    select
        customer_id,
        channel,
        '{{ event }}' as event,
        cast(null as boolean) as has_opened,
        cast(null as boolean) as has_clicked,
        {{ event }}_at as happens_at
    from {{ mailing }}
    where {{ event }}_at is not null
    {% endfor -%}
    union all
    select
        mailed.customer_id,
        mailed.channel,
        'ordered' as event,
        cast(null as boolean) as has_opened,
        cast(null as boolean) as has_clicked,
        orders.ordered_at as happens_at
    from mailed
    inner join orders on mailed.customer_id = orders.customer_id
)

select * from events
