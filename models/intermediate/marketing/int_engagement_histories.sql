-- 1. What was known of a customer when a mailing was sent, and what is known today: nothing that happens
--    in or after its second is looked at. What came after (has_opened, has_clicked) is for learning.
-- 2. Who gave no consent or unsubscribed is not to be mailed.
with events as (
    select * from {{ ref('int_engagement_events') }}
),

consents as (
    select * from {{ ref('int_consents') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

running as (
    select
        *,
        {% for event in ['sent', 'opened', 'clicked', 'ordered'] -%}
        count(*) filter (event = '{{ event }}') over earlier as {{ event }}_count,
        max(case when event = '{{ event }}' then happens_at end) over earlier
            as last_{{ event }}_at,
        {% endfor -%}
        count(*) filter (event = 'unsubscribed') over earlier as unsubscribed_count
    from events
    window earlier as (
        partition by customer_id, channel
        order by happens_at, case when event in ('moment', 'today') then 0 else 1 end
        rows unbounded preceding
    )
),

engagement_histories as (
    select
        running.customer_id,
        running.channel,
        running.event = 'today' as is_current,
        consents.has_consent and running.unsubscribed_count = 0 as may_be_mailed,
        running.has_opened,
        running.has_clicked,
        running.sent_count,
        running.opened_count,
        running.clicked_count,
        running.ordered_count as order_count,
        {% for event in ['sent', 'opened', 'ordered'] -%}
        date_diff('hour', running.last_{{ event }}_at, running.happens_at) / 24.0
            as last_{{ event }}_days,
        {% endfor -%}
        case
            when running.event = 'today' then as_of.as_of_date
            else {{ shop_day('running.happens_at') }}
        end as as_of_date
    from running
    inner join consents on running.customer_id = consents.customer_id
    cross join as_of
    where running.event in ('moment', 'today')
)

select * from engagement_histories
