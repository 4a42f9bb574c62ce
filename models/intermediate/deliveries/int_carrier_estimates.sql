-- 1. A carrier's punctuality is shrunk towards that of all carriers; that in one warehouse towards the
--    carrier's own. The wider group has the prior's weight (int_carrier_priors), with at
--    least one, and with no more than it has elsewhere.
{% set prior_weight -%}
    -- least() passes over the null of a weight without limit
    least(
        carriers.elsewhere,
        greatest(1, coalesce(priors.weight_share, 0) * least(priors.weight, carriers.elsewhere))
    )
{%- endset %}
with carrier_deliveries as (
    select * from {{ ref('int_carrier_deliveries') }}
),

priors as (
    select * from {{ ref('int_carrier_priors') }}
),

wholes as (
    select
        sum(effective_delivery_count) as delivery_count,
        sum(effective_on_time_count) / nullif(sum(effective_delivery_count), 0) as on_time_rate
    from carrier_deliveries
    where dimension = 'carrier'
),

carriers as (
    select
        carrier_deliveries.*,
        wholes.on_time_rate as wider_rate,
        wholes.delivery_count - carrier_deliveries.effective_delivery_count as elsewhere
    from carrier_deliveries
    cross join wholes
    where carrier_deliveries.dimension = 'carrier'
),

carriers_weighed as (
    select
        carriers.*,
        {{ prior_weight }} as prior_weight
    from carriers
    left join priors on carriers.dimension = priors.dimension
),

carriers_estimated as (
    select
        *,
        effective_on_time_count + prior_weight * wider_rate as successes,
        effective_delivery_count + prior_weight as trials
    from carriers_weighed
),

warehouses as (
    select
        carrier_deliveries.*,
        carriers_estimated.successes / nullif(carriers_estimated.trials, 0) as wider_rate,
        carriers_estimated.trials - carrier_deliveries.effective_delivery_count as elsewhere
    from carrier_deliveries
    inner join carriers_estimated on carrier_deliveries.carrier = carriers_estimated.carrier
    where carrier_deliveries.dimension = 'carrier_warehouse'
),

warehouses_weighed as (
    select
        carriers.*,
        {{ prior_weight }} as prior_weight
    from warehouses as carriers
    left join priors on carriers.dimension = priors.dimension
),

carrier_estimates as (
    select
        dimension,
        warehouse,
        carrier,
        round(successes, 6) as successes,
        round(trials, 6) as trials
    from carriers_estimated
    union all
    select
        dimension,
        warehouse,
        carrier,
        round(effective_on_time_count + prior_weight * wider_rate, 6) as successes,
        round(effective_delivery_count + prior_weight, 6) as trials
    from warehouses_weighed
)

select * from carrier_estimates
