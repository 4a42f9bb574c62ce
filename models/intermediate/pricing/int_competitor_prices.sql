-- What the competitors ask for a product or category; a price is believed for `price_valid_days`
-- (seeds/rules/pricing/pricing_settings.csv). Where none is believed any more the row is there.
with seen_prices as (
    select * from {{ ref('int_seen_prices') }}
    where competitor is not null
),

settings as (
    select * from {{ ref('int_pricing_settings') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

ages as (
    select
        seen_prices.*,
        seen_prices.observed_on
        >= as_of.as_of_date - cast(settings.price_valid_days as integer) as is_believed
    from seen_prices
    cross join settings
    cross join as_of
),

competitor_prices as (
    select
        level,
        entity,
        count(*) filter (is_believed) as competitor_count,
        median(price) filter (is_believed) as median_price,
        min(price) filter (is_believed) as lowest_price,
        max(observed_on) filter (is_believed) as newest_seen_on,
        min(observed_on) filter (is_believed) as oldest_seen_on
    from ages
    group by level, entity
)

select * from competitor_prices
