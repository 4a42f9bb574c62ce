-- Earned points count up; redeemed and expired ones down, whatever their sign. Points without a kind
-- are earned where they are above zero, else redeemed.
with loyalty_events as (
    select * from {{ kept('loyalty_events') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

kinds as (
    select
        *,
        coalesce(kind, case when points >= 0 then 'earned' else 'redeemed' end) as known_kind
    from loyalty_events
),

loyalty_bookings as (
    select
        kinds.customer_id,
        coalesce(kinds.tier, 'none') as tier,
        kinds.known_kind as kind,
        case when kinds.known_kind = 'earned' then kinds.points else 0 - abs(kinds.points) end
            as points,
        row_number() over (
            partition by kinds.customer_id
            order by kinds.occurred_on, kinds.row_number
        ) as booking_number,
        kinds.occurred_on
    from kinds
    cross join as_of
    where kinds.occurred_on <= as_of.as_of_date
)

select * from loyalty_bookings
