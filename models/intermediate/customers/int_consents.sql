-- Who may be written to, for every list of people to write to. Where nobody was asked nothing is known
-- of consent; where others were, silence is none. So it is where an answer could not be read: it was
-- asked for. Who has left is written to no more, whatever they agreed to.
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

consents as (
    select
        customers.customer_id,
        leavers.customer_id is null
        and coalesce(customers.has_marketing_consent, not questions.was_anybody_asked)
            as may_be_written_to
    from customers
    cross join questions
    left join leavers on customers.customer_id = leavers.customer_id
)

select * from consents
