-- The newest price of each shop; a price of 0 is none. Of two on one day the lower one counts.
with price_changes as (
    select * from {{ kept('price_changes') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

seen_prices as (
    select
        case when price_changes.product_id is not null then 'product' else 'category' end as level,
        coalesce(price_changes.product_id, price_changes.category) as entity,
        price_changes.competitor,
        price_changes.price,
        price_changes.observed_on
    from price_changes
    cross join as_of
    where price_changes.price > 0 and price_changes.observed_on <= as_of.as_of_date
    qualify
        row_number() over (
            partition by
                price_changes.product_id, price_changes.category, price_changes.competitor
            order by price_changes.observed_on desc, price_changes.price asc
        ) = 1
)

select * from seen_prices
