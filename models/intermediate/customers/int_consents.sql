-- Who may be written to, for every list of people to write to.
-- 1. Where nobody was asked nothing is known of consent; where others were, silence is none. So it is
--    where an answer could not be read: it was asked for.
-- 2. Who has left is written to no more, whatever they agreed to.
-- 3. Who unsubscribed from one channel is on no list that names none; its other channels may still be
--    used (has_consent), unless the row that says which was rejected.
with customers as (
    select * from {{ ref('customers') }}
),

leavers as (
    select * from {{ ref('int_leavers') }}
),

questions as (
    select count(*) > 0 as was_anybody_asked
    from {{ kept_or_rejected('customers') }}
    where
        marketing_consent is not null
        or coalesce(list_contains(reasons, 'unreadable_marketing_consent'), false)
),

unsubscribed as (
    select
        customer_id,
        bool_or(reasons is not null) as is_channel_unknown
    from {{ kept_or_rejected('touchpoints') }}
    where touch_type = 'unsubscribe' and customer_id is not null
    group by customer_id
),

consents as (
    select
        customers.customer_id,
        leavers.customer_id is null
        and coalesce(not unsubscribed.is_channel_unknown, true)
        and coalesce(customers.has_marketing_consent, not questions.was_anybody_asked)
            as has_consent,
        has_consent and unsubscribed.customer_id is null as may_be_written_to
    from customers
    cross join questions
    left join leavers on customers.customer_id = leavers.customer_id
    left join unsubscribed on customers.customer_id = unsubscribed.customer_id
)

select * from consents
