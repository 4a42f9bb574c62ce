{#
    What readers get is made in `next.duckdb`, which publishing copies as it is; the rest in the build
    file (src/retail_analytics/warehouse/build_file.py).
#}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {%- set is_public = node is not none and node.resource_type == 'model'
        and (node.config.schema or target.schema) in ['marts', 'quality'] -%}
    {{ custom_database_name or ('next' if is_public else target.database) }}
{%- endmacro %}
