{# Schemas are named as written in dbt_project.yml: readers know `marts`, not `marts_marts`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
