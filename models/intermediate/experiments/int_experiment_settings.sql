with int_experiment_settings as (
    {{ in_a_row(ref('experiment_settings'), 'setting', [
        'alpha',
        'power',
        'sequential_tuning',
        'covariate_days',
        'outcome_window_days',
        'minimum_effect',
        'minimum_units',
        'minimum_days',
        'sample_ratio_limit',
        'sample_ratio_warning',
        'several_variants_limit',
        'early_outcome_limit',
        'exposure_days',
        'late_exposure_limit',
        'traffic_days',
    ]) }}
)

select * from int_experiment_settings
