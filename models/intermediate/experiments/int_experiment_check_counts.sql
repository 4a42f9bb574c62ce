-- One row per experiment and variant: what the checks count.
-- 1. A unit is measured early when all that was measured of it lies before its assignment: then the
--    assignment was written down too late, or the outcome is not one.
with designs as (
    select * from {{ ref('int_experiment_designs') }}
),

variants as (
    select * from {{ ref('int_experiment_variants') }}
),

units as (
    select * from {{ ref('experiment_units') }}
),

outcome_values as (
    select * from {{ ref('int_experiment_outcome_values') }}
),

settings as (
    select * from {{ ref('int_experiment_settings') }}
),

measured_units as (
    select
        experiment_id,
        customer_id,
        max(value_count) = 0 as is_measured_early
    from outcome_values
    group by experiment_id, customer_id
),

hash_counts as (
    select
        experiment_id,
        variant,
        count(*) as hashed_count,
        count(*) filter (variant <> hashed_variant) as other_hash_count
    from {{ ref('int_experiment_hashed_units') }}
    group by experiment_id, variant
),

counts as (
    select
        units.experiment_id,
        units.variant,
        count(*) as assigned_count,
        count(*) filter (not units.is_excluded) as unit_count,
        count(*) filter (units.exclusion_reason = 'several_variants') as several_variants_count,
        count(*) filter (
            units.is_excluded and units.exclusion_reason <> 'several_variants'
        ) as outside_count,
        count(measured_units.is_measured_early) filter (not units.is_excluded) as measured_count,
        count(*) filter (not units.is_excluded and measured_units.is_measured_early) as early_count,
        count(units.first_exposed_at) filter (not units.is_excluded) as exposed_count,
        count(*) filter (
            not units.is_excluded
            and (
                units.first_exposed_at
                > units.assigned_at + to_days(cast(settings.exposure_days as integer))
                or units.first_exposed_at < units.assigned_at
            )
        ) as late_exposed_count,
        count(*) filter (not (units.is_excluded or units.is_window_complete)) as open_window_count,
        min({{ shop_day('units.assigned_at') }}) filter (not units.is_excluded) as first_assigned_on
    from units
    cross join settings
    left join measured_units using (experiment_id, customer_id)
    group by units.experiment_id, units.variant
),

int_experiment_check_counts as (
    select
        designs.experiment_id,
        variants.variant,
        designs.is_registered,
        coalesce(variants.is_control, false) as is_control,
        coalesce(variants.is_planned, false) as is_planned,
        coalesce(variants.planned_share, 0) as planned_share,
        {% for count in [
            'assigned', 'unit', 'several_variants', 'outside', 'measured', 'early', 'exposed',
            'late_exposed', 'open_window'
        ] -%}
        coalesce(counts.{{ count }}_count, 0) as {{ count }}_count,
        {% endfor -%}
        coalesce(hash_counts.hashed_count, 0) as hashed_count,
        coalesce(hash_counts.other_hash_count, 0) as other_hash_count,
        designs.starts_on,
        designs.ends_on,
        counts.first_assigned_on,
        as_of.as_of_date
    from designs
    cross join {{ ref('int_as_of') }} as as_of
    left join variants using (experiment_id)
    left join counts using (experiment_id, variant)
    left join hash_counts using (experiment_id, variant)
)

select * from int_experiment_check_counts
