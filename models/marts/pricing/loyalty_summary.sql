-- 1. A member is a customer with a booking by the end of the month (int_loyalty_months). The liability is
--    what is left of earned points; a balance below zero is nobody's debt. Members of unknown points
--    (a booking was rejected) are counted, and their balance is in no sum.
-- 2. The repeat rate is the share of those who ordered in the month that order again in time
--    (int_repeat_months). Members order more often to begin with: the difference from non-members is
--    not an effect of the programme, and says so.
with member_months as (
    select * from {{ ref('int_loyalty_months') }}
),

buyer_months as (
    select * from {{ ref('int_repeat_months') }}
),

other_buyers as (
    select
        buyer_months.month,
        count(*) as buyer_count,
        sum(buyer_months.comes_back) as repeat_count
    from buyer_months
    left join member_months
        on
            buyer_months.month = member_months.month
            and buyer_months.customer_id = member_months.customer_id
    where member_months.customer_id is null
    group by buyer_months.month
),

tiers as (
    select
        member_months.month,
        member_months.tier,
        count(*) as member_count,
        count(*) filter (member_months.balance is null) as unknown_member_count,
        sum(coalesce(member_months.earned, 0)) as points_earned,
        sum(coalesce(member_months.redeemed, 0)) as points_redeemed,
        sum(coalesce(member_months.expired, 0)) as points_expired,
        sum(case when member_months.balance > 0 then member_months.balance else 0 end)
            as points_liability,
        count(buyer_months.customer_id) as buyer_count,
        sum(buyer_months.comes_back) as repeat_count
    from member_months
    left join buyer_months
        on
            member_months.month = buyer_months.month
            and member_months.customer_id = buyer_months.customer_id
    group by member_months.month, member_months.tier
),

rates as (
    select
        tiers.*,
        other_buyers.buyer_count as other_buyer_count,
        tiers.repeat_count / cast(nullif(tiers.buyer_count, 0) as double) as repeat_rate,
        other_buyers.repeat_count / cast(nullif(other_buyers.buyer_count, 0) as double)
            as other_repeat_rate
    from tiers
    left join other_buyers on tiers.month = other_buyers.month
),

loyalty_summary as (
    select
        rates.tier,
        case
            when rates.repeat_rate - rates.other_repeat_rate is null then 'insufficient_data'
            else 'ok'
        end as status,
        'not causal' as evidence,
        rates.member_count,
        rates.unknown_member_count,
        rates.buyer_count,
        coalesce(rates.other_buyer_count, 0) as other_buyer_count,
        cast(rates.points_earned as decimal(18, 4)) as points_earned,
        cast(rates.points_redeemed as decimal(18, 4)) as points_redeemed,
        cast(rates.points_expired as decimal(18, 4)) as points_expired,
        cast(rates.points_liability as decimal(18, 4)) as points_liability,
        rates.repeat_rate,
        rates.other_repeat_rate,
        rates.repeat_rate - rates.other_repeat_rate as repeat_rate_difference,
        rates.repeat_rate - rates.other_repeat_rate - {{ interval_z() }} * sqrt(
            rates.repeat_rate * (1 - rates.repeat_rate) / rates.buyer_count
            + rates.other_repeat_rate * (1 - rates.other_repeat_rate) / rates.other_buyer_count
        ) as repeat_rate_difference_lower,
        rates.repeat_rate - rates.other_repeat_rate + {{ interval_z() }} * sqrt(
            rates.repeat_rate * (1 - rates.repeat_rate) / rates.buyer_count
            + rates.other_repeat_rate * (1 - rates.other_repeat_rate) / rates.other_buyer_count
        ) as repeat_rate_difference_upper,
        rates.month
    from rates
)

select * from loyalty_summary
