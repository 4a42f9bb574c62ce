-- 1. The own price (int_own_prices) is compared with the median of the competitors' newest prices that
--    are still believed (int_competitor_prices).
-- 2. The advice is that of the price index (seeds/rules/pricing/price_advices.csv). With one
--    competitor only there is a price and no advice: one shop is no market.
with competitor_prices as (
    select * from {{ ref('int_competitor_prices') }}
),

own_prices as (
    select * from {{ ref('int_own_prices') }}
),

advices as (
    {{ bands(ref('price_advices'), 'minimum_index') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

compared as (
    select
        competitor_prices.*,
        own_prices.price_source as own_price_source,
        own_prices.price as own_price,
        cast(own_prices.price as double)
        / nullif(cast(competitor_prices.median_price as double), 0) as price_index,
        date_diff('day', competitor_prices.oldest_seen_on, as_of.as_of_date)
            as oldest_price_age_days,
        as_of.as_of_date
    from competitor_prices
    cross join as_of
    left join own_prices
        on
            competitor_prices.level = own_prices.level
            and competitor_prices.entity = own_prices.entity
),

price_positions as (
    select
        compared.level,
        compared.entity,
        case
            when compared.own_price is null then 'no_own_price'
            when compared.competitor_count = 0 then 'prices_too_old'
            when compared.competitor_count = 1 then 'one_competitor'
            else 'ok'
        end as status,
        case when compared.competitor_count > 1 then advices.advice end as advice,
        compared.own_price_source,
        compared.competitor_count,
        compared.oldest_price_age_days,
        cast(compared.own_price as decimal(18, 4)) as own_price,
        cast(compared.median_price as decimal(18, 4)) as competitor_median_price,
        cast(compared.lowest_price as decimal(18, 4)) as competitor_lowest_price,
        compared.price_index,
        compared.newest_seen_on,
        compared.as_of_date
    from compared
    left join advices
        on
            compared.price_index >= advices.minimum_index
            and compared.price_index < advices.next_bound
)

select * from price_positions
