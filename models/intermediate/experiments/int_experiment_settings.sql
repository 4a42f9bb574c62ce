{#- every limit is a column of its name -#}
{%- set names = [
    'alpha', 'power', 'sequential_tuning', 'covariate_days', 'outcome_window_days',
    'minimum_effect', 'minimum_units', 'minimum_days', 'sample_ratio_limit', 'sample_ratio_warning',
    'several_variants_limit', 'early_outcome_limit', 'exposure_days', 'late_exposure_limit',
    'traffic_days',
] -%}

with settings as (
    select * from {{ ref('experiment_settings') }}
),

int_experiment_settings as (
    select
        {%- for setting in names %}
        max(value) filter (setting = '{{ setting }}') as {{ setting }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from settings
)

select * from int_experiment_settings
