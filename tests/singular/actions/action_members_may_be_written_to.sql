-- Customers in a list of people to write to who may not be written to.
select
    action_members.cause,
    action_members.member_id
from {{ ref('action_members') }} as action_members
inner join {{ ref('action_causes') }} as action_causes
    on action_members.cause = action_causes.cause
left join {{ ref('customer_360') }} as customers
    on action_members.customer_id = customers.customer_id
where action_causes.needs_consent and customers.may_be_written_to is distinct from true
