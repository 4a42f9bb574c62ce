-- Fitted by conversion_coefficients (src/retail_analytics/marketing/conversion.py).
-- 1. The log odds are those of the level, of the three drivers and of all other features; the
--    chance is 1 / (1 + exp(-log odds)).
-- 2. The recommendation goes by the chance over the rate of all.
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

recommendations as (
    {{ bands(ref('conversion_recommendations'), 'minimum_lift') }}
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

chances as (
    select
        *,
        1 / (1 + exp(-log_odds)) / nullif(base_rate, 0) as lift,
        round(1 / (1 + exp(-log_odds)), 12) as order_probability,
        round(1 / (1 + exp(-(log_odds - half_width))), 12) as order_probability_lower,
        round(1 / (1 + exp(-(log_odds + half_width))), 12) as order_probability_upper
    from scored
),

conversion_scores as (
    select
        chances.*,
        recommendations.likelihood,
        recommendations.recommendation
    from chances
    left join recommendations
        on
            chances.lift >= recommendations.minimum_lift
            and chances.lift < recommendations.next_bound
)

select
    customer_id,
    last_channel,
    likelihood,
    recommendation,
    driver_1,
    driver_2,
    driver_3,
    method,
    status,
    touch_count,
    order_probability,
    order_probability_lower,
    order_probability_upper,
    log_odds,
    level_log_odds,
    driver_1_log_odds,
    driver_2_log_odds,
    driver_3_log_odds,
    case when log_odds is not null then other_log_odds end as other_log_odds,
    base_rate,
    as_of_date
from conversion_scores
