-- 1. A member is a customer with a booking by the end of the month, in the tier of the newest one.
-- 2. The balance of a member with a booking of unknown points is not known.
with bookings as (
    select * from {{ ref('int_loyalty_bookings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
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

loyalty_months as (
    select
        months.month,
        bookings.customer_id,
        max_by(bookings.tier, bookings.booking_number) as tier,
        case when count(bookings.points) = count(*) then sum(bookings.points) end as balance,
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
)

select * from loyalty_months
