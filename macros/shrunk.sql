{# A mean shrunk towards that of a wider group, which weighs in with so many cases. #}
{% macro shrunk(total, number, wider_mean, weight) -%}
    (({{ total }} + {{ weight }} * {{ wider_mean }}) / ({{ number }} + {{ weight }}))
{%- endmacro %}
