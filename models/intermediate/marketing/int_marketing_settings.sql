{%- set settings = [
    'journey_window_days', 'first_touch_weight', 'last_touch_weight', 'time_decay_half_life_days',
    'timing_window_hours', 'timing_fewest_orders',
    'synergy_fewest_journeys', 'synergy_most_channels',
    'synergy_most_q_value', 'synergy_least_interaction', 'mix_fewest_weeks', 'mix_most_noise', 'mix_least_variation',
    'current_spend_weeks', 'conversion_days', 'conversion_touch_days', 'conversion_cut_offs',
    'conversion_training_customers', 'campaign_fewest_customers', 'campaign_most_overlap',
    'engagement_days', 'engagement_weeks', 'campaign_most_unknown_margin',
] -%}
with settings as (
    select * from {{ ref('marketing_settings') }}
),

setting_row as (
    select
        {% for setting in settings %}
        max(value) filter (setting = '{{ setting }}') as {{ setting }},
        {% endfor %}
        count(*) as setting_count
    from settings
)

select * from setting_row
