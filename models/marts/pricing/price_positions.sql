-- 1. A price is the newest one seen. A competitor's is believed for `price_valid_days`
--    (seeds/rules/pricing/pricing_settings.csv); a price of 0 is none.
-- 2. The own price is the newest own one seen, else the list price; of a category the median of its
--    list prices. It is compared with the median of the competitors' newest prices.
-- 3. The advice is that of the price index (seeds/rules/pricing/price_advices.csv). With one
--    competitor only there is a price and no advice: one shop is no market.
with seen_prices as (
    select * from {{ ref('int_seen_prices') }}
),

products as (
    select * from {{ ref('products') }}
),

advices as (
    {{ bands(ref('price_advices'), 'minimum_index') }}
),

settings as (
    select * from {{ ref('int_pricing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

believed_prices as (
    select
        seen_prices.level,
        seen_prices.entity,
        count(*) as competitor_count,
        median(seen_prices.price) as competitor_median_price,
        min(seen_prices.price) as competitor_lowest_price,
        max(seen_prices.observed_on) as newest_seen_on,
        min(seen_prices.observed_on) as oldest_seen_on
    from seen_prices
    cross join settings
    cross join as_of
    where
        seen_prices.competitor is not null
        and seen_prices.observed_on
        >= as_of.as_of_date - cast(settings.price_valid_days as integer)
    group by seen_prices.level, seen_prices.entity
),

entities as (
    select distinct
        level,
        entity
    from seen_prices
    where competitor is not null
),

own_prices as (
    select
        level,
        entity,
        price
    from seen_prices
    where competitor is null
),

list_prices as (
    select
        'product' as level,
        product_id as entity,
        list_price as price
    from products
    union all
    select
        'category' as level,
        category as entity,
        median(list_price) as price
    from products
    where category is not null
    group by category
),

compared as (
    select
        entities.level,
        entities.entity,
        case
            when own_prices.price is not null then 'seen'
            when list_prices.price is not null then 'list'
        end as own_price_source,
        coalesce(own_prices.price, list_prices.price) as own_price,
        coalesce(believed_prices.competitor_count, 0) as competitor_count,
        believed_prices.competitor_median_price,
        believed_prices.competitor_lowest_price,
        believed_prices.newest_seen_on,
        cast(coalesce(own_prices.price, list_prices.price) as double)
        / nullif(cast(believed_prices.competitor_median_price as double), 0) as price_index,
        date_diff('day', believed_prices.oldest_seen_on, as_of.as_of_date) as oldest_price_age_days,
        as_of.as_of_date
    from entities
    cross join as_of
    left join believed_prices
        on
            entities.level = believed_prices.level
            and entities.entity = believed_prices.entity
    left join own_prices
        on entities.level = own_prices.level and entities.entity = own_prices.entity
    left join list_prices
        on entities.level = list_prices.level and entities.entity = list_prices.entity
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
        cast(compared.competitor_median_price as decimal(18, 4)) as competitor_median_price,
        cast(compared.competitor_lowest_price as decimal(18, 4)) as competitor_lowest_price,
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
