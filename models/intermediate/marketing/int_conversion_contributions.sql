-- What every feature of a customer adds to the log odds of an order, today.
with feature_values as (
    select * from {{ ref('int_conversion_values') }}
    where is_current
),

coefficients as (
    select * from {{ ref('conversion_coefficients') }}
    where feature <> 'level'
),

conversion_contributions as (
    select
        feature_values.customer_id,
        feature_values.feature,
        coefficients.coefficient * (feature_values.value - coefficients.centre) / coefficients.sd
            as contribution,
        {% for fold in [1, 2, 3, 4] -%}
        coefficients.spread_{{ fold }} * (feature_values.value - coefficients.centre)
        / coefficients.sd as spread_{{ fold }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from feature_values
    inner join coefficients on feature_values.feature = coefficients.feature
)

select * from conversion_contributions
