{#
    The figures of a text as numbers; signs of thousands are no part of one. A figure must be written
    as in the facts: whoever rounds says something else.
#}
{% macro figures_in(text) -%}
    cast(regexp_extract_all(replace({{ text }}, ',', ''), '[0-9]+(?:[.][0-9]+)?') as double[])
{%- endmacro %}
