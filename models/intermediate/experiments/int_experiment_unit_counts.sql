-- One row per experiment, variant, region and buyer type: the units that are compared.
with units as (
    select * from {{ ref('experiment_units') }}
),

int_experiment_unit_counts as (
    select
        experiment_id,
        variant,
        region,
        buyer_type,
        count(*) as unit_count
    from units
    where not is_excluded
    group by experiment_id, variant, region, buyer_type
)

select * from int_experiment_unit_counts
