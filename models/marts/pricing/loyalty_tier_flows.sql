-- Members of the month before and those who joined since (`new`), by the tier in which they ended up.
-- Members of a month = those of the month before, in their old tiers, and the new ones.
with member_months as (
    select * from {{ ref('int_loyalty_months') }}
),

moves as (
    select
        customer_id,
        coalesce(lag(tier) over (partition by customer_id order by month), 'new') as from_tier,
        tier as to_tier,
        month
    from member_months
),

loyalty_tier_flows as (
    select
        from_tier,
        to_tier,
        count(*) as member_count,
        month
    from moves
    group by from_tier, to_tier, month
)

select * from loyalty_tier_flows
