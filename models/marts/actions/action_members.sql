-- 1. Members are who or what an action is about: orders that were late, products, carriers, customers.
-- 2. Where customers are to be written to (seeds/rules/actions/action_causes.csv, needs_consent), only
--    those are listed who may be. Who has said that they leave is not to be won back.
with causes as (
    select * from {{ ref('action_causes') }}
),

findings as (
    select * from {{ ref('action_findings') }}
),

customers as (
    select * from {{ ref('customer_360') }}
),

candidates as (
    select distinct
        findings.cause,
        late_orders.order_id as member_id,
        late_orders.customer_id,
        cast(null as varchar) as why,
        cast(late_orders.revenue as double) as value_at_stake
    from {{ ref('int_late_orders') }} as late_orders
    inner join findings
        on
            findings.cause = 'operations'
            and late_orders.dimension = findings.entity_type
            and late_orders.entity = findings.entity
    union all
    select
        cause,
        entity as member_id,
        cast(null as varchar) as customer_id,
        listed as why,
        value_at_stake
    from findings
    where entity_type in ('product', 'carrier') and cause <> 'operations'
    qualify row_number() over (partition by cause, entity order by finding_rank) = 1
    union all
    select
        findings.cause,
        customers.customer_id as member_id,
        customers.customer_id,
        customers.segment || ': ' || customers.action as why,
        customers.value_at_stake
    from customers
    inner join findings
        on
            findings.cause = 'customers_at_risk'
            and customers.segment = findings.entity
            and customers.risk_class in ('High', 'Critical')
            and customers.has_left is not true
    union all
    select
        findings.cause,
        spells.customer_id as member_id,
        spells.customer_id,
        cast(null as varchar) as why,
        cast(null as double) as value_at_stake
    from {{ ref('int_customer_spells') }} as spells
    inner join findings
        on
            findings.cause = 'losses'
            and spells.lost_on >= findings.period
            and spells.lost_on <= last_day(findings.period)
),

action_members as (
    select
        candidates.cause,
        causes.member_type,
        candidates.member_id,
        candidates.customer_id,
        candidates.why,
        candidates.value_at_stake
    from candidates
    inner join causes on candidates.cause = causes.cause
    left join customers on candidates.customer_id = customers.customer_id
    where not causes.needs_consent or customers.may_be_written_to
)

select * from action_members
