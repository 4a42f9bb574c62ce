-- 1. Points are used in the order in which they were earned: of a member's settled points at most what
--    was redeemed in all is used, expired ones never.
-- 2. Points about to expire are those that nobody used whose `loyalty_valid_days` are over in the days
--    ahead (`loyalty_expiry_days`).
-- 3. A member with a booking of unknown points has no figures.
with bookings as (
    select * from {{ ref('int_loyalty_bookings') }}
),

settings as (
    select * from {{ ref('int_pricing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

dated as (
    select
        bookings.customer_id,
        bookings.tier,
        bookings.kind,
        bookings.booking_number,
        cast(bookings.points as double) as points,
        as_of.as_of_date - bookings.occurred_on >= settings.loyalty_settle_days as is_settled,
        settings.loyalty_valid_days > 0
        and as_of.as_of_date + cast(settings.loyalty_expiry_days as integer)
        - bookings.occurred_on >= settings.loyalty_valid_days as is_expiring
    from bookings
    cross join settings
    cross join as_of
),

members as (
    select
        customer_id,
        max_by(tier, booking_number) as tier,
        count(points) = count(*) as is_known,
        greatest(sum(points), 0) as balance,
        coalesce(sum(points) filter (kind = 'earned'), 0) as earned,
        coalesce(0 - sum(points) filter (kind = 'redeemed'), 0) as redeemed,
        coalesce(0 - sum(points) filter (kind = 'expired'), 0) as expired,
        coalesce(sum(points) filter (kind = 'earned' and is_settled), 0) as settled,
        coalesce(sum(points) filter (kind = 'earned' and is_expiring), 0) as earned_long_ago
    from dated
    group by customer_id
),

loyalty_members as (
    select
        customer_id,
        tier,
        {% for sum in ['balance', 'earned', 'redeemed', 'expired', 'settled', 'earned_long_ago'] -%}
        case when is_known then {{ sum }} end as {{ sum }},
        {% endfor -%}
        case when is_known then least(redeemed, greatest(settled - expired, 0)) end
            as settled_used,
        case
            when is_known
                then least(greatest(earned_long_ago - redeemed - expired, 0), balance)
        end as expiring
    from members
)

select * from loyalty_members
