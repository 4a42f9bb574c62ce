-- 1. Breakage is the share of settled points (`loyalty_settle_days` old) that are never redeemed.
-- 2. Members' points go together: the interval is that of a ratio over members (Cochran 1977). Where none
--    or all of them were used that has no width: then it is Wilson's, of as many members as would weigh
--    the same with equal points.
-- 3. Still to be redeemed is what breakage leaves of all points ever earned, less those redeemed.
with members as (
    select * from {{ ref('int_loyalty_members') }}
),

settings as (
    select * from {{ ref('int_pricing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

slices as (
    select
        coalesce(tier, 'all') as tier,
        count(*) as member_count,
        count(*) filter (balance is null) as unknown_member_count,
        count(*) filter (settled > 0) as settled_member_count,
        coalesce(sum(balance), 0) as points_liability,
        sum(earned) as points_earned,
        sum(redeemed) as points_redeemed,
        coalesce(sum(settled), 0) as points_settled,
        sum(expiring) as points_expiring,
        count(*) filter (expiring > 0) as expiring_member_count,
        sum(settled_used) / nullif(sum(settled), 0) as used_rate,
        sum(settled * settled) as settled_squares,
        sum(settled * settled_used) as settled_products,
        sum(settled_used * settled_used) as used_squares,
        sum(settled) * sum(settled) / nullif(sum(settled * settled), 0) as equal_member_count
    from members
    group by grouping sets ((tier), ())
    having count(*) > 0
),

rates as (
    select
        slices.*,
        settings.loyalty_valid_days > 0 as has_expiry,
        case
            when slices.settled_member_count >= settings.loyalty_minimum_members
                then 1 - slices.used_rate
        end as breakage_rate,
        {{ interval_z() }} * sqrt(
            greatest(
                slices.used_squares - 2 * slices.used_rate * slices.settled_products
                + slices.used_rate * slices.used_rate * slices.settled_squares,
                0
            )
            * slices.settled_member_count / nullif(slices.settled_member_count - 1, 0)
        ) / nullif(slices.points_settled, 0) as breakage_error
    from slices
    cross join settings
),

ends as (
    select
        *,
        case
            when breakage_rate = 1
                then {{ wilson_lower('equal_member_count', 'equal_member_count') }}
            else greatest(breakage_rate - breakage_error, 0)
        end as breakage_rate_lower,
        case
            when breakage_rate = 0 then {{ wilson_upper('0', 'equal_member_count') }}
            else least(breakage_rate + breakage_error, 1)
        end as breakage_rate_upper
    from rates
),

loyalty_liability as (
    select
        ends.tier,
        case when ends.breakage_rate is null then 'short_history' else 'ok' end as status,
        ends.member_count,
        ends.unknown_member_count,
        ends.settled_member_count,
        case when ends.has_expiry then ends.expiring_member_count end as expiring_member_count,
        ends.points_liability,
        ends.points_settled,
        case when ends.has_expiry then ends.points_expiring end as points_expiring,
        ends.breakage_rate,
        case when ends.breakage_rate is not null then ends.breakage_rate_lower end
            as breakage_rate_lower,
        case when ends.breakage_rate is not null then ends.breakage_rate_upper end
            as breakage_rate_upper,
        {% for end, rate in [('', ''), ('_lower', '_upper'), ('_upper', '_lower')] -%}
        case
            when ends.breakage_rate is not null
                then
                    least(
                        greatest(
                            (1 - ends.breakage_rate{{ rate }}) * ends.points_earned
                            - ends.points_redeemed,
                            0
                        ),
                        ends.points_liability
                    )
        end as points_to_be_redeemed{{ end }},
        {% endfor -%}
        as_of.as_of_date
    from ends
    cross join as_of
)

select * from loyalty_liability
