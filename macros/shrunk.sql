{# A mean shrunk towards that of a wider group, which has the weight of so many cases. #}
{% macro shrunk(total, number, wider_mean, weight) -%}
    (({{ total }} + {{ weight }} * {{ wider_mean }}) / ({{ number }} + {{ weight }}))
{%- endmacro %}
