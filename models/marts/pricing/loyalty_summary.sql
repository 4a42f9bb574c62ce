-- 1. A member is a customer with a booking by the end of the month, in the tier of the newest one
--    (`none` without a tier).
-- 2. Earned points count up; redeemed and expired ones down, whatever their sign. Points without a
--    kind are earned where they are above zero, else redeemed. The liability is what is left.
-- 3. The repeat rate is the share of those who ordered in the month that order again within
--    `loyalty_repeat_days`, for months whose days are over. Members order more often to begin with:
--    the difference from non-members is not an effect of the programme, and says so.
with loyalty_events as (
    select * from {{ kept('loyalty_events') }}
),

orders as (
    select * from {{ ref('orders') }}
),

settings as (
    select * from {{ ref('int_pricing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

bookings as (
    select
        customer_id,
        coalesce(tier, 'none') as tier,
        case
            when coalesce(kind, case when points >= 0 then 'earned' else 'redeemed' end) = 'earned'
                then points
            else 0 - abs(points)
        end as points,
        coalesce(kind, case when points >= 0 then 'earned' else 'redeemed' end) as kind,
        occurred_on,
        row_number() over (
            partition by customer_id
            order by occurred_on, row_number
        ) as booking_number
    from loyalty_events
),

first_month as (
    select cast(date_trunc('month', min(occurred_on)) as date) as month
    from bookings
),

generated_months as (
    select
        unnest(
            generate_series(
                first_month.month, date_trunc('month', as_of.as_of_date), interval 1 month
            )
        ) as month
    from first_month
    cross join as_of
    where first_month.month is not null
),

months as (
    select
        cast(month as date) as month,
        cast(month + interval 1 month as date) as next_month
    from generated_months
),

member_months as (
    select
        months.month,
        bookings.customer_id,
        max_by(bookings.tier, bookings.booking_number) as tier,
        sum(bookings.points) as balance,
        sum(bookings.points) filter (
            bookings.kind = 'earned' and bookings.occurred_on >= months.month
        ) as earned,
        0 - sum(bookings.points) filter (
            bookings.kind = 'redeemed' and bookings.occurred_on >= months.month
        ) as redeemed,
        0 - sum(bookings.points) filter (
            bookings.kind = 'expired' and bookings.occurred_on >= months.month
        ) as expired
    from months
    inner join bookings on months.next_month > bookings.occurred_on
    group by months.month, bookings.customer_id
),

order_gaps as (
    select
        customer_id,
        ordered_on,
        lead(ordered_on) over (
            partition by customer_id
            order by ordered_at, order_id
        ) as next_ordered_on
    from orders
    where is_purchase and customer_id is not null
),

buyer_months as (
    select
        months.month,
        order_gaps.customer_id,
        max(
            case
                when
                    order_gaps.next_ordered_on
                    <= order_gaps.ordered_on + cast(settings.loyalty_repeat_days as integer)
                    then 1
                else 0
            end
        ) as comes_back
    from months
    cross join settings
    cross join as_of
    inner join order_gaps
        on
            months.month <= order_gaps.ordered_on
            and months.next_month > order_gaps.ordered_on
    where
        months.next_month + cast(settings.loyalty_repeat_days as integer) <= as_of.as_of_date + 1
    group by months.month, order_gaps.customer_id
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
        sum(coalesce(member_months.earned, 0)) as points_earned,
        sum(coalesce(member_months.redeemed, 0)) as points_redeemed,
        sum(coalesce(member_months.expired, 0)) as points_expired,
        sum(greatest(member_months.balance, 0)) as points_liability,
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
