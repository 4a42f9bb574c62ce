-- 1. At stake in a segment is what the lifetime values of those at High or Critical risk would lose; its
--    share is that of what is at stake with all customers, so that where nearly all of it lies with
--    those at Low risk nothing is urgent.
-- 2. Who is to be left alone (seeds/rules/actions/segments_left_alone.csv) is nobody to act on, and who
--    has said that they leave has left.
with all_customers as (
    select
        segment,
        risk_class,
        -- a sum of decimals is the same in any order
        cast(value_at_stake as decimal(18, 4)) as value_at_stake
    from {{ ref('customer_360') }}
    where has_left is not true
),

whole as (
    select cast(sum(value_at_stake) as double) as value_at_stake
    from all_customers
),

customers as (
    select *
    from all_customers
    where
        risk_class in ('High', 'Critical')
        and segment is not null
        and segment not in (
            select left_alone.segment from {{ ref('segments_left_alone') }} as left_alone
        )
),

segments as (
    select
        customers.segment,
        max(segment_rules.strategy) as strategy,
        count(*) as customer_count,
        cast(sum(customers.value_at_stake) as double) as value_at_stake,
        cast(sum(customers.value_at_stake) as double) / nullif(max(whole.value_at_stake), 0)
            as value_share,
        as_of.as_of_date
    from customers
    cross join whole
    cross join {{ ref('int_as_of') }} as as_of
    left join {{ ref('segments') }} as segment_rules on customers.segment = segment_rules.segment
    group by customers.segment, as_of.as_of_date
),

segment_value_at_risk as (
    select
        'segment_value_at_risk' as signal,
        'segment' as entity_type,
        segments.segment as entity,
        segments.segment as name,
        segments.strategy as subject,
        segments.value_share as value,
        segments.value_share as figure,
        cast(null as double) as usual_value,
        segments.customer_count as item_count,
        segments.value_at_stake,
        segments.as_of_date as period
    from segments
)

select * from segment_value_at_risk
where value is not null
