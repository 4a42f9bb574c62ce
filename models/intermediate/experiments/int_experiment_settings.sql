-- One row with the limits of experiments, each a column of its name.
with settings as (
    select * from {{ ref('experiment_settings') }}
),

int_experiment_settings as (
    select
        {%- for setting in experiment_settings() %}
        max(value) filter (setting = '{{ setting }}') as {{ setting }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from settings
)

select * from int_experiment_settings
