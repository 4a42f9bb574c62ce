-- 1. Drivers are ranked by how much they add to the log odds, whether that raises or lowers the
--    risk. A share is of all that is added, and negative where it lowers the risk.
-- 2. Only drivers that have a name count (int_churn_driver_names).
-- 3. The raising driver is the one of them that raises the risk most, where one does.
{%- set drivers = [
    'silence', 'frequency', 'trend', 'order_value', 'returns', 'complaints', 'late_deliveries',
    'cancellation',
] %}
with contributions as (
    select * from {{ ref('int_churn_contributions') }}
),

driver_names as (
    select * from {{ ref('int_churn_driver_names') }}
),

ranked as (
    select
        contributions.customer_id,
        contributions.as_of_date,
        {% for driver in drivers %}
        contributions.{{ driver }} {{ '+' if not loop.last else 'as log_odds,' }}
        {% endfor %}
        {% for driver in drivers %}
        abs(contributions.{{ driver }}) {{ '+' if not loop.last else 'as all_weights,' }}
        {% endfor %}
        list_reverse_sort([
            {% for driver in drivers %}
            {
                'weight': case
                    when driver_names.{{ driver }} is null then 0
                    else abs(contributions.{{ driver }})
                end,
                'driver': '{{ driver }}',
                'name': driver_names.{{ driver }},
                'contribution': contributions.{{ driver }}
            }
            {%- if not loop.last %},{% endif %}
            {% endfor %}
        ]) as parts,
        list_reverse_sort([
            {% for driver in drivers %}
            {
                'weight': case
                    when driver_names.{{ driver }} is not null then contributions.{{ driver }}
                    else 0
                end,
                'driver': '{{ driver }}'
            }
            {%- if not loop.last %},{% endif %}
            {% endfor %}
        ]) as raising_parts
    from contributions
    inner join driver_names on contributions.customer_id = driver_names.customer_id
),

churn_drivers as (
    select
        customer_id,
        {% for rank in [1, 2, 3] %}
        case
            when parts[{{ rank }}].weight > 0 then parts[{{ rank }}].name
        end as driver_{{ rank }},
        {% endfor %}
        case when raising_parts[1].weight > 0 then raising_parts[1].driver end as raising_driver,
        log_odds,
        greatest(raising_parts[1].weight, 0) / nullif(all_weights, 0) as raising_share,
        {% for rank in [1, 2, 3] %}
        case
            when parts[{{ rank }}].weight > 0 then parts[{{ rank }}].contribution / all_weights
        end as driver_{{ rank }}_share,
        {% endfor %}
        as_of_date
    from ranked
)

select * from churn_drivers
