{# Whether an answer of a person is one to an alert: of all that it names. One that names nothing is none. #}
{% macro answers_alert(answers, alerts) -%}
coalesce({{ answers }}.alert_id, {{ answers }}.metric, {{ answers }}.dimension, {{ answers }}.entity)
is not null
{%- for name in ['alert_id', 'metric', 'dimension', 'entity'] %}
and {{ alerts }}.{{ name }} = coalesce({{ answers }}.{{ name }}, {{ alerts }}.{{ name }})
{%- endfor %}
{%- endmacro %}
