-- Rows are a month and tier whose flows are not its members: into it those of the month, out of it
-- those of the month before.
with flows as (
    select * from {{ ref('loyalty_tier_flows') }}
),

members as (
    select * from {{ ref('loyalty_summary') }}
),

counted as (
    select
        'into' as direction,
        month,
        to_tier as tier,
        sum(member_count) as member_count
    from flows
    group by month, to_tier
    union all
    select
        'out of' as direction,
        cast(month - interval 1 month as date) as month,
        from_tier as tier,
        sum(member_count) as member_count
    from flows
    where from_tier <> 'new'
    group by month, from_tier
),

expected as (
    select
        'into' as direction,
        month,
        tier,
        member_count
    from members
    union all
    select
        'out of' as direction,
        month,
        tier,
        member_count
    from members
    where month < (select max(months.month) from members as months)
)

select *
from expected
full outer join counted using (direction, month, tier)
where coalesce(expected.member_count <> counted.member_count, true)
