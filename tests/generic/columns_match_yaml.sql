{#
    The table is the one its YAML describes: columns in that order, their types, and which of them
    may be null. For tables that dbt's own contract cannot reach (learned ones).
#}
{% test columns_match_yaml(model) %}
{%- if execute %}
{%- set documented = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
    | selectattr('name', 'equalto', model.identifier) | first -%}

with documented_columns as (
    {% for column in documented.columns.values() %}
    select
        {{ loop.index }} as column_position,
        '{{ column.name }}' as column_name,
        typeof(cast(null as {{ column.data_type }})) as data_type,
        {{ 'not_null' in column.constraints | map(attribute='type') }} as is_required
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

table_columns as (
    select
        column_index as column_position,
        column_name,
        data_type,
        not is_nullable as is_required
    from duckdb_columns()
    where
        database_name = '{{ model.database }}'
        and schema_name = '{{ model.schema }}'
        and table_name = '{{ model.identifier }}'
)

select *
from documented_columns
full join table_columns using (column_position, column_name, data_type, is_required)
where documented_columns.column_name is null or table_columns.column_name is null
{%- endif %}
{% endtest %}
