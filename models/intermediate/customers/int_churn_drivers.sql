-- 1. Drivers are ranked by how much they add to the log odds, whether that raises or lowers the
--    risk. A share is of all that is added, and negative where it lowers the risk.
-- 2. The raising driver is the one that raises the risk most, where one does.
{%- set drivers = {
    'silence': 'time since the last order',
    'frequency': 'how often they order',
    'trend': 'trend of their orders',
    'order_value': 'size of their orders',
    'returns': 'returns',
    'complaints': 'complaints',
    'late_deliveries': 'late deliveries',
    'cancellation': 'said that they leave',
} %}
with contributions as (
    select * from {{ ref('int_churn_contributions') }}
),

ranked as (
    select
        *,
        {{ drivers | join(' + ') }} as log_odds,
        abs({{ drivers | join(') + abs(') }}) as all_weights,
        greatest({{ drivers | join(', ') }}) as highest,
        list_reverse_sort([
            {% for driver, driver_name in drivers.items() %}
            {
                'weight': abs({{ driver }}),
                'driver': '{{ driver_name }}',
                'contribution': {{ driver }}
            }
            {%- if not loop.last %},{% endif %}
            {% endfor %}
        ]) as parts
    from contributions
),

churn_drivers as (
    select
        customer_id,
        {% for rank in [1, 2, 3] %}
        case
            when parts[{{ rank }}].weight > 0 then parts[{{ rank }}].driver
        end as driver_{{ rank }},
        {% endfor %}
        case
            {% for driver, driver_name in drivers.items() %}
            when highest > 0 and {{ driver }} = highest then '{{ driver_name }}'
            {% endfor %}
        end as raising_driver,
        log_odds,
        greatest(highest, 0) / nullif(all_weights, 0) as raising_share,
        {% for rank in [1, 2, 3] %}
        case
            when parts[{{ rank }}].weight > 0 then parts[{{ rank }}].contribution / all_weights
        end as driver_{{ rank }}_share,
        {% endfor %}
        {% for number in [1, 2, 3, 4] %}
        spread_{{ number }},
        {% endfor %}
        as_of_date
    from ranked
)

select * from churn_drivers
