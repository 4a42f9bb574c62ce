-- Where nobody was asked nothing is known of consent; where others were, silence is none.
with customers as (
    select * from {{ ref('customers') }}
),

consents as (
    select
        customer_id,
        coalesce(
            has_marketing_consent, not bool_or(has_marketing_consent is not null) over ()
        ) as may_be_written_to
    from customers
)

select * from consents
