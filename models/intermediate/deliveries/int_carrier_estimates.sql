-- 1. A carrier's punctuality is drawn towards that of all carriers; that in one warehouse towards the
--    carrier's own. The wider group weighs in with the prior's parcels (int_carrier_priors), with at
--    least one, and with no more than it has elsewhere.
{% set prior_weight -%}
    -- least() passes over the null of a weight without limit
    least(
        carriers.elsewhere,
        greatest(1, coalesce(priors.weight_share, 0) * least(priors.weight, carriers.elsewhere))
    )
{%- endset %}
with carrier_parcels as (
    select * from {{ ref('int_carrier_parcels') }}
),

priors as (
    select * from {{ ref('int_carrier_priors') }}
),

wholes as (
    select
        sum(effective_parcel_count) as parcel_count,
        sum(effective_on_time_count) / nullif(sum(effective_parcel_count), 0) as on_time_rate
    from carrier_parcels
    where dimension = 'carrier'
),

carriers as (
    select
        carrier_parcels.*,
        wholes.on_time_rate as wider_rate,
        wholes.parcel_count - carrier_parcels.effective_parcel_count as elsewhere
    from carrier_parcels
    cross join wholes
    where carrier_parcels.dimension = 'carrier'
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
        effective_parcel_count + prior_weight as trials
    from carriers_weighed
),

warehouses as (
    select
        carrier_parcels.*,
        carriers_estimated.successes / nullif(carriers_estimated.trials, 0) as wider_rate,
        carriers_estimated.trials - carrier_parcels.effective_parcel_count as elsewhere
    from carrier_parcels
    inner join carriers_estimated on carrier_parcels.carrier = carriers_estimated.carrier
    where carrier_parcels.dimension = 'carrier_warehouse'
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
        round(effective_parcel_count + prior_weight, 6) as trials
    from warehouses_weighed
)

select * from carrier_estimates
