-- 1. Rates are of the mailings sent, whoever got several; a click counts as an open.
-- 2. Where no sending was seen (sends_unknown) everything known was opened: there is no rate.
-- 3. While opens may still come (is_settled is false) rates are those so far.
with mailings as (
    select * from {{ ref('int_mailings') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

counted as (
    select
        channel,
        coalesce(campaign, 'without a name') as campaign,
        bool_or(is_sending_seen) as is_sending_seen,
        count(*) as mailing_count,
        count(distinct customer_id) as customer_count,
        count(opened_at) as opened_count,
        count(clicked_at) as clicked_count,
        count(unsubscribed_at) as unsubscribed_count,
        {{ shop_day('min(sent_at)') }} as first_sent_on,
        {{ shop_day('max(sent_at)') }} as last_sent_on
    from mailings
    group by channel, coalesce(campaign, 'without a name')
),

campaign_engagement as (
    select
        counted.channel,
        counted.campaign,
        case when counted.is_sending_seen then 'ok' else 'sends_unknown' end as status,
        counted.last_sent_on + cast(settings.engagement_days as integer) < as_of.as_of_date
            as is_settled,
        counted.mailing_count,
        counted.customer_count,
        counted.opened_count,
        counted.clicked_count,
        counted.unsubscribed_count,
        {% for rate in ['open', 'click', 'unsubscribe'] -%}
        {%- set count = {
            'open': 'opened_count', 'click': 'clicked_count', 'unsubscribe': 'unsubscribed_count'
        }[rate] -%}
        case
            when counted.is_sending_seen
                then counted.{{ count }} / cast(counted.mailing_count as double)
        end as {{ rate }}_rate,
        case
            when counted.is_sending_seen
                then
                    {{ wilson_lower('cast(counted.' ~ count ~ ' as double)',
                        'counted.mailing_count') | indent(20) }}
        end as {{ rate }}_rate_lower,
        case
            when counted.is_sending_seen
                then
                    {{ wilson_upper('cast(counted.' ~ count ~ ' as double)',
                        'counted.mailing_count') | indent(20) }}
        end as {{ rate }}_rate_upper,
        {% endfor -%}
        counted.first_sent_on,
        counted.last_sent_on
    from counted
    cross join settings
    cross join as_of
)

select * from campaign_engagement
