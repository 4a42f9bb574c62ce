-- A month without any order, delivery, mention, incident or ticket has no row.
{% for metrics in ['int_sales_metrics', 'int_delivery_metrics', 'int_support_metrics'] -%}
select
    metric,
    dimension,
    entity,
    value,
    weight,
    period
from {{ ref(metrics) }}
{{ 'union all' if not loop.last }}
{% endfor %}
