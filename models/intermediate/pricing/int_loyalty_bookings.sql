-- Earned points count up; redeemed and expired ones down, whatever their sign. Points without a kind
-- are earned where they are above zero, else redeemed. A booking that was rejected has been there: its
-- points are unknown, and its day is today where it could not be read.
with loyalty_events as (
    select * from {{ kept_or_rejected('loyalty_events') }}
    where customer_id is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

kinds as (
    select
        loyalty_events.customer_id,
        loyalty_events.tier,
        loyalty_events.row_number,
        case when loyalty_events.reasons is null then loyalty_events.points end as points,
        case
            when loyalty_events.reasons is not null then 'unknown'
            when loyalty_events.kind is not null then loyalty_events.kind
            when loyalty_events.points >= 0 then 'earned'
            else 'redeemed'
        end as known_kind,
        case
            when loyalty_events.reasons is null then loyalty_events.occurred_on
            else least(loyalty_events.occurred_on, as_of.as_of_date)
        end as occurred_on,
        as_of.as_of_date
    from loyalty_events
    cross join as_of
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
    where occurred_on <= as_of_date
)

select * from loyalty_bookings
