-- Fitted by conversion_coefficients (src/retail_analytics/marketing/conversion.py).
-- The log odds are those of the level, of the three drivers and of all other features; the chance is
-- 1 / (1 + exp(-log odds)).
with histories as (
    select * from {{ ref('int_conversion_histories') }}
    where is_current
),

drivers as (
    select * from {{ ref('int_conversion_drivers') }}
),

levels as (
    select * from {{ ref('conversion_coefficients') }}
    where feature = 'level'
),

scored as (
    select
        histories.customer_id,
        histories.last_channel,
        histories.touch_count,
        histories.as_of_date,
        levels.method,
        levels.status,
        levels.base_rate,
        levels.coefficient as level_log_odds,
        drivers.driver_1,
        drivers.driver_2,
        drivers.driver_3,
        drivers.driver_1_log_odds,
        drivers.driver_2_log_odds,
        drivers.driver_3_log_odds,
        coalesce(drivers.other_log_odds, 0) as other_log_odds,
        levels.coefficient + coalesce(drivers.log_odds, 0) as log_odds,
        sqrt(
            {% for fold in [1, 2, 3, 4] -%}
            pow(levels.spread_{{ fold }} + coalesce(drivers.spread_{{ fold }}, 0), 2)
            {%- if not loop.last %} + {% endif %}
            {% endfor %}
        ) as half_width
    from histories
    cross join levels
    left join drivers on histories.customer_id = drivers.customer_id
),

conversion_chances as (
    select
        *,
        1 / (1 + exp(-log_odds)) / nullif(base_rate, 0) as lift,
        round(1 / (1 + exp(-log_odds)), 12) as order_probability,
        round(1 / (1 + exp(-(log_odds - half_width))), 12) as order_probability_lower,
        round(1 / (1 + exp(-(log_odds + half_width))), 12) as order_probability_upper
    from scored
)

select * from conversion_chances
