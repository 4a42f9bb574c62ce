-- Who may be written to, for every list of people to write to. Where nobody was asked nothing is known
-- of consent; where others were, silence is none. Who has left is written to no more, whatever they agreed to.
with customers as (
    select * from {{ ref('customers') }}
),

leavers as (
    select * from {{ ref('int_leavers') }}
),

consents as (
    select
        customers.customer_id,
        leavers.customer_id is null
        and coalesce(
            customers.has_marketing_consent,
            not bool_or(customers.has_marketing_consent is not null) over ()
        ) as may_be_written_to
    from customers
    left join leavers on customers.customer_id = leavers.customer_id
)

select * from consents
