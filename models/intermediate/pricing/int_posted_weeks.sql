-- 1. A price holds from the day it was seen until the next one was; a price of 0 is none. Of two on
--    one day the lower one counts.
-- 2. The price of a week is the mean of its days; a week before the first price, or partly before it,
--    has none.
with price_changes as (
    select * from {{ kept('price_changes') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

own_prices as (
    select
        product_id,
        observed_on,
        min(cast(price as double)) as price
    from price_changes
    where competitor is null and product_id is not null and price > 0
    group by product_id, observed_on
),

spells as (
    select
        own_prices.product_id,
        own_prices.price,
        own_prices.observed_on as starts_on,
        coalesce(
            lead(own_prices.observed_on) over (
                partition by own_prices.product_id
                order by own_prices.observed_on
            ),
            as_of.as_of_date + 1
        ) as next_starts_on
    from own_prices
    cross join as_of
    where own_prices.observed_on <= as_of.as_of_date
),

spell_weeks as (
    select
        product_id,
        price,
        starts_on,
        next_starts_on,
        unnest(cast(
            generate_series(
                date_trunc('week', starts_on),
                date_trunc('week', next_starts_on - 1),
                interval 7 day
            ) as date[]
        )) as week
    from spells
),

spell_days as (
    select
        product_id,
        week,
        price,
        date_diff(
            'day', greatest(starts_on, week), least(next_starts_on, week + 7)
        ) as day_count
    from spell_weeks
),

int_posted_weeks as (
    select
        product_id,
        sum(price * day_count) / sum(day_count) as posted_price,
        week
    from spell_days
    group by product_id, week
    having sum(day_count) = 7
)

select * from int_posted_weeks
