-- A driver is named where it separates customers who stay away from others, and adds as much as
-- churn_drivers.csv asks for. Its name says which way it goes: high where the customer's value is
-- above the usual one.
{%- set values = {
    'silence': 'rhythms.silence_ratio > 1',
    'frequency': 'features.days_per_purchase > centres.days_per_purchase',
    'trend': 'features.trend > 0',
    'order_value': 'features.order_value > centres.order_value',
    'returns': 'true',
    'complaints': 'true',
    'late_deliveries': 'true',
    'cancellation': 'true',
} -%}
{%- set drivers = values.keys() | list %}
with contributions as (
    select * from {{ ref('int_churn_contributions') }}
),

features as (
    select * from {{ ref('int_churn_features') }}
),

rhythms as (
    select * from {{ ref('int_churn_rhythms') }}
),

centres as (
    select
        max(centre) filter (feature = 'days_per_purchase') as days_per_purchase,
        max(centre) filter (feature = 'order_value') as order_value
    from {{ ref('churn_coefficients') }}
),

driver_texts as (
    select
        {% for driver in drivers %}
        {% for column in ['when_high', 'when_low', 'minimum_log_odds'] %}
        max({{ column }}) filter (driver = '{{ driver }}') as {{ driver }}_{{ column }},
        {% endfor %}
        {% endfor %}
        count(*) as driver_count
    from {{ ref('churn_drivers') }}
),

driver_names as (
    select
        contributions.customer_id,
        {% for driver in drivers %}
        case
            when
                contributions.is_{{ driver }}_separating
                and abs(contributions.{{ driver }}) >= driver_texts.{{ driver }}_minimum_log_odds
                then case
                    when {{ values[driver] }} then driver_texts.{{ driver }}_when_high
                    else driver_texts.{{ driver }}_when_low
                end
        end as {{ driver }},
        {% endfor %}
        contributions.as_of_date
    from contributions
    inner join features
        on
            contributions.customer_id = features.customer_id
            and contributions.as_of_date = features.as_of_date
    inner join rhythms on contributions.customer_id = rhythms.customer_id
    cross join centres
    cross join driver_texts
)

select * from driver_names
