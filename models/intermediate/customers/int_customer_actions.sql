-- 1. There is one thing to do for a customer: what the risk asks for; or, where that says no more than the
--    usual (churn_actions.csv, is_usual), what is usual for the segment.
-- 2. Without a risk: who has left is let go, who may not be written to is not written to, and of the
--    others the segment decides.
with customers as (
    select * from {{ ref('customers') }}
),

segments as (
    select * from {{ ref('customer_rfm') }}
),

risks as (
    select * from {{ ref('customer_churn_risks') }}
    where is_shown
),

consents as (
    select * from {{ ref('int_consents') }}
),

leavers as (
    select * from {{ ref('int_leavers') }}
),

usual_actions as (
    select distinct
        risk_class,
        action
    from {{ ref('churn_actions') }}
    where is_usual
),

other_actions as (
    select
        risk_class,
        action
    from {{ ref('churn_actions') }}
    where risk_class in ('Left', 'No consent')
),

customer_actions as (
    select
        customers.customer_id,
        coalesce(
            case when usual_actions.action is null then risks.action end,
            other_actions.action,
            segments.strategy
        ) as action
    from customers
    left join segments on customers.customer_id = segments.customer_id
    left join risks on customers.customer_id = risks.customer_id
    left join consents on customers.customer_id = consents.customer_id
    left join leavers on customers.customer_id = leavers.customer_id
    left join usual_actions
        on risks.risk_class = usual_actions.risk_class and risks.action = usual_actions.action
    left join other_actions
        on
            case
                when leavers.customer_id is not null then 'Left'
                when segments.segment is not null and not consents.may_be_written_to
                    then 'No consent'
            end = other_actions.risk_class
)

select * from customer_actions
