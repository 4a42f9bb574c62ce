-- Customers in a list of people to write to who did not agree to it.
select
    action_members.cause,
    action_members.member_id
from {{ ref('action_members') }} as action_members
inner join {{ ref('action_causes') }} as action_causes
    on action_members.cause = action_causes.cause
left join {{ ref('customer_360') }} as customers
    on action_members.customer_id = customers.customer_id
where action_causes.needs_consent and customers.has_marketing_consent is distinct from true
