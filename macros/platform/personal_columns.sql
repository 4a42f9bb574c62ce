{# The published columns whose description says that they hold personal data, as rows of `values`. #}
{% macro personal_columns() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == 'model' and node.schema in ['marts', 'quality'] -%}
            {%- for column in node.columns.values() if 'Personal data (' in column.description -%}
                {%- set kind = column.description.split('Personal data (')[1].split(')')[0] -%}
                {%- do found.append("('" ~ [node.schema, node.alias, column.name, kind] | join("', '") ~ "')") -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ found | sort | join(', ') or "('', '', '', '')" }}
{%- endmacro %}
