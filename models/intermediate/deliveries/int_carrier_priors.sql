-- How much those that are alike say of each other: carriers of each other, and the warehouses of
-- one carrier of each other. Moments of the beta-binomial (Kleinman 1973), for the shrinkage of
-- Efron and Morris (1975).
-- 1. Two deliveries of one carrier (of one of its warehouses) correlate where rates differ by more
--    than chance; all have the prior weight of 1 / correlation - 1 deliveries, without limit where
--    they do not differ.
-- 2. How much rates differ is itself not well known from a few: with d + 1 of them, the weight is
--    cut to (d - 2) / d (Morris 1983).
with carrier_deliveries as (
    select
        *,
        case when dimension = 'carrier' then 'all' else carrier end as peers
    from {{ ref('int_carrier_deliveries') }}
    where effective_delivery_count > 0
),

kin_counts as (
    select
        dimension,
        peers,
        count(*) - 1 as freedom,
        sum(effective_delivery_count) as delivery_count,
        sum(effective_on_time_count) as on_time_count,
        sum(effective_delivery_count * effective_delivery_count) as squared_deliveries,
        sum(
            effective_on_time_count * effective_on_time_count / effective_delivery_count
        ) as squared_rates
    from carrier_deliveries
    group by dimension, peers
),

spreads as (
    select
        dimension,
        freedom,
        -- of the rates about their mean, in units of what one delivery varies: `freedom` by chance
        (squared_rates - on_time_count * on_time_count / delivery_count)
        / (on_time_count / delivery_count * (1 - on_time_count / delivery_count)) as spread,
        delivery_count - squared_deliveries / delivery_count - freedom as room
    from kin_counts
    where on_time_count > 0 and on_time_count < delivery_count
),

correlations as (
    select
        dimension,
        sum(freedom) as freedom,
        (sum(spread) - sum(freedom)) / nullif(sum(room), 0) as correlation
    from spreads
    group by dimension
),

carrier_priors as (
    select
        dimension,
        case when correlation > 0 then round(greatest(0, 1 / correlation - 1), 6) end as weight,
        round(coalesce(greatest(0, (freedom - 2) / nullif(freedom, 0)), 0), 6) as weight_share
    from correlations
)

select * from carrier_priors
