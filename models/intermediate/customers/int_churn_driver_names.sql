-- A driver is named where it separates customers who stay away from others, and adds as much as
-- churn_drivers.csv asks for. Its name says which way it goes: high where the customer's value is
-- above the usual one. Silence and frequency are sums of several features: they are named where all
-- of them together point the way that the name says.
{%- set values = {
    'silence': [
        'rhythms.silence_ratio > 1 and contributions.silence > 0',
        'rhythms.silence_ratio <= 1 and contributions.silence < 0',
    ],
    'frequency': [
        'features.days_per_purchase > centres.days_per_purchase and contributions.frequency > 0',
        'features.days_per_purchase <= centres.days_per_purchase and contributions.frequency < 0',
    ],
    'trend': ['features.trend > 0', 'features.trend <= 0'],
    'order_value': [
        'features.order_value > centres.order_value', 'features.order_value <= centres.order_value'
    ],
    'returns': ['features.returns > 0', 'features.returns <= 0'],
    'complaints': ['features.complaints > 0', 'features.complaints <= 0'],
    'late_deliveries': ['features.late_deliveries > 0', 'features.late_deliveries <= 0'],
    'cancellation': ['features.cancelled > 0', 'features.cancelled <= 0'],
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
                then
                    case
                        when {{ values[driver][0] }} then driver_texts.{{ driver }}_when_high
                        when {{ values[driver][1] }} then driver_texts.{{ driver }}_when_low
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
