-- 1. A carrier with fewer undisturbed deliveries than minimum_ranked_deliveries
--    (seeds/rules/deliveries/scorecard_rules.csv) has no rank and stands in nobody's way.
-- 2. Ranks it may have: below all that are better for sure, above all that are worse for sure. For
--    sure is a difference of more than `interval_z` times its standard error.
-- 3. Where a parcel of these months was rejected, of whatever carrier, figures are those of the rest.
with carrier_deliveries as (
    select * from {{ ref('int_carrier_deliveries') }}
),

estimates as (
    select * from {{ ref('int_carrier_estimates') }}
),

rules as (
    {{ in_a_row(ref('scorecard_rules'), 'rule', ['minimum_ranked_deliveries']) }}
),

unknown_parts as (
    select count(*) > 0 as has_unknown_part
    from {{ ref('int_rejected_days') }}
    cross join {{ ref('int_as_of') }} as as_of
    where
        input_table = 'deliveries'
        and coalesce(
            day > as_of.as_of_date - interval {{ var('scorecard_months') }} month, true
        )
),

rated as (
    select
        carrier_deliveries.*,
        estimates.successes,
        estimates.trials,
        carrier_deliveries.undisturbed_delivery_count
        >= rules.minimum_ranked_deliveries as is_ranked,
        estimates.successes / nullif(estimates.trials, 0) as rate,
        estimates.successes * (estimates.trials - estimates.successes)
        / nullif(estimates.trials * estimates.trials * (estimates.trials + 1), 0) as rate_variance
    from carrier_deliveries
    cross join rules
    inner join estimates
        on
            carrier_deliveries.dimension = estimates.dimension
            and carrier_deliveries.warehouse = estimates.warehouse
            and carrier_deliveries.carrier = estimates.carrier
),

comparisons as (
    select
        own.dimension,
        own.warehouse,
        own.carrier,
        count(*) as ranked_count,
        count(*) filter (peer.rate > own.rate) as better_count,
        count(*) filter (
            peer.rate - own.rate
            > {{ interval_z() }} * sqrt(peer.rate_variance + own.rate_variance)
        ) as surely_better_count,
        count(*) filter (
            own.rate - peer.rate
            > {{ interval_z() }} * sqrt(peer.rate_variance + own.rate_variance)
        ) as surely_worse_count
    from rated as own
    inner join rated as peer
        on own.dimension = peer.dimension and own.warehouse = peer.warehouse
    where own.is_ranked and peer.is_ranked
    group by own.dimension, own.warehouse, own.carrier
),

carrier_scorecards as (
    select
        rated.dimension,
        rated.carrier,
        rated.warehouse,
        case when rated.rate is not null then 'empirical Bayes, beta-binomial' end as method,
        case when rated.is_ranked then 'ok' else 'insufficient_data' end as status,
        unknown_parts.has_unknown_part,
        rated.delivery_count,
        rated.on_time_count,
        rated.on_time_count / rated.delivery_count as on_time_rate,
        rated.undisturbed_delivery_count,
        rated.undisturbed_on_time_count,
        rated.rate as expected_on_time_rate,
        {{ wilson_lower('rated.successes', 'rated.trials') }}
            as expected_on_time_rate_lower,
        {{ wilson_upper('rated.successes', 'rated.trials') }}
            as expected_on_time_rate_upper,
        comparisons.better_count + 1 as on_time_rank,
        comparisons.surely_better_count + 1 as on_time_rank_lower,
        comparisons.ranked_count - comparisons.surely_worse_count as on_time_rank_upper,
        rated.average_days_late,
        rated.median_days_late,
        rated.p90_days_late,
        rated.as_of_date
    from rated
    cross join unknown_parts
    left join comparisons using (dimension, warehouse, carrier)
)

select * from carrier_scorecards
