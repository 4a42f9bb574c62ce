-- 1. What a feature adds to the log odds of no purchase is coefficient x (value - centre) / sd;
--    the level of the horizon comes on top (customer_churn_risks).
-- 2. Features that speak of one thing are one driver: they overlap, and only their sum has a sense.
--    A driver separates where one of its features does.
-- 3. A value that is not known counts as the centre and adds nothing.
{%- set drivers = {
    'silence': ['recency', 'idleness', 'silence'],
    'frequency': ['days_per_purchase', 'purchases', 'single_purchase'],
    'trend': ['trend'],
    'order_value': ['order_value'],
    'returns': ['returns'],
    'complaints': ['complaints'],
    'late_deliveries': ['late_deliveries'],
    'cancellation': ['cancelled'],
} -%}
{%- set features = drivers.values() | sum(start=[]) %}
with features as (
    select * from {{ ref('int_churn_features') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

coefficients as (
    select * from {{ ref('churn_coefficients') }}
    where horizon_days = 0
),

coefficient_row as (
    select
        {% for feature in features %}
        {% for column in ['centre', 'sd', 'coefficient'] %}
        max({{ column }}) filter (feature = '{{ feature }}') as {{ feature }}_{{ column }},
        {% endfor %}
        {% endfor %}
        {% for driver, driver_features in drivers.items() %}
        coalesce(bool_or(is_separating) filter (
            feature in (
                {% for feature in driver_features %}
                '{{ feature }}'{{ ',' if not loop.last }}
                {% endfor %}
            )
        ), false) as is_{{ driver }}_separating
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from coefficients
),

standardised as (
    select
        features.customer_id,
        features.as_of_date,
        coefficient_row.*,
        {% for feature in features %}
        (features.{{ feature }} - {{ feature }}_centre) / {{ feature }}_sd as {{ feature }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from features
    inner join as_of on features.as_of_date = as_of.as_of_date
    cross join coefficient_row
),

churn_contributions as (
    select
        customer_id,
        {% for driver, driver_features in drivers.items() %}
        is_{{ driver }}_separating,
        {% endfor %}
        {% for driver, driver_features in drivers.items() %}
        {% set end = 'as ' ~ driver ~ ',' %}
        {% for feature in driver_features %}
        {{ feature }}_coefficient * coalesce({{ feature }}, 0) {{ '+' if not loop.last else end }}
        {% endfor %}
        {% endfor %}
        as_of_date
    from standardised
)

select * from churn_contributions
