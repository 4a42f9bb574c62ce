-- The recommendation goes by the chance over the rate of all; who may not be written to gets one
-- without a letter.
with chances as (
    select * from {{ ref('int_conversion_chances') }}
),

consents as (
    select * from {{ ref('int_consents') }}
),

recommendations as (
    {{ bands(ref('conversion_recommendations'), 'minimum_lift') }}
),

conversion_scores as (
    select
        chances.*,
        recommendations.likelihood,
        case
            when consents.may_be_written_to then recommendations.recommendation
            else coalesce(recommendations.without_consent, recommendations.recommendation)
        end as recommendation
    from chances
    left join consents on chances.customer_id = consents.customer_id
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
