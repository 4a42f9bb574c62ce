-- 1. Of an experiment whose row in the rules names a salt, the variant that the salted hash gives each
--    unit (macros/experiments/assignment.sql, `retail assign`).
with units as (
    select * from {{ ref('experiment_units') }}
),

experiments as (
    select * from {{ ref('experiments') }}
    where salt is not null
),

planned_variants as (
    select * from {{ ref('experiment_variants') }}
),

running_shares as (
    select
        experiment_id,
        variant,
        variant_order,
        planned_share,
        sum(planned_share) over (
            partition by experiment_id
            order by variant_order
        ) as share_to_here,
        sum(planned_share) over (partition by experiment_id) as share_of_all,
        max(variant_order) over (partition by experiment_id) as last_order
    from planned_variants
),

edges as (
    select
        experiment_id,
        variant,
        (share_to_here - planned_share) / share_of_all as starts_at,
        case when variant_order = last_order then 1 else share_to_here / share_of_all end as ends_at
    from running_shares
),

places as (
    select
        units.experiment_id,
        units.customer_id,
        units.variant,
        {{ experiment_place('units.customer_id', 'experiments.salt', 'variant') }} as variant_place
    from units
    inner join experiments on units.experiment_id = experiments.experiment_id
),

int_experiment_hashed_units as (
    select
        places.experiment_id,
        places.customer_id,
        places.variant,
        edges.variant as hashed_variant,
        places.variant_place
    from places
    inner join edges
        on
            places.experiment_id = edges.experiment_id
            and places.variant_place >= edges.starts_at
            and places.variant_place < edges.ends_at
)

select * from int_experiment_hashed_units
