{# The limits that experiments are judged by, in the order of int_experiment_settings. #}
{% macro experiment_settings() -%}
    {{ return([
        'alpha', 'power', 'sequential_tuning', 'covariate_days', 'outcome_window_days',
        'minimum_effect', 'minimum_units', 'minimum_days', 'sample_ratio_limit',
        'sample_ratio_warning', 'several_variants_limit', 'early_outcome_limit', 'exposure_days',
        'late_exposure_limit', 'traffic_days',
    ]) }}
{%- endmacro %}
