with settings as (
    select * from {{ ref('experiment_settings') }}
),

int_experiment_settings as (
    select
        max(value) filter (setting = 'alpha') as alpha,
        max(value) filter (setting = 'power') as power,
        max(value) filter (setting = 'sequential_tuning') as sequential_tuning,
        max(value) filter (setting = 'covariate_days') as covariate_days,
        max(value) filter (setting = 'outcome_window_days') as outcome_window_days,
        max(value) filter (setting = 'minimum_effect') as minimum_effect,
        max(value) filter (setting = 'minimum_units') as minimum_units,
        max(value) filter (setting = 'minimum_days') as minimum_days,
        max(value) filter (setting = 'sample_ratio_limit') as sample_ratio_limit,
        max(value) filter (setting = 'sample_ratio_warning') as sample_ratio_warning,
        max(value) filter (setting = 'several_variants_limit') as several_variants_limit,
        max(value) filter (setting = 'early_outcome_limit') as early_outcome_limit,
        max(value) filter (setting = 'exposure_days') as exposure_days,
        max(value) filter (setting = 'late_exposure_limit') as late_exposure_limit,
        max(value) filter (setting = 'traffic_days') as traffic_days
    from settings
)

select * from int_experiment_settings
