{#
    The table is the one its YAML describes: columns in that order, their types, which of them may
    be null, and the primary key. For tables that dbt's own contract cannot reach (learned ones).
#}
{% test columns_match_yaml(model) %}
{%- if execute %}
{%- set documented = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
    | selectattr('name', 'equalto', model.identifier) | first -%}
{%- set key = documented.constraints | selectattr('type', 'equalto', 'primary_key')
    | map(attribute='columns') | sum(start=[]) | list %}

with documented_columns as (
    {% for column in documented.columns.values() %}
    select
        {{ loop.index }} as column_position,
        '{{ column.name }}' as column_name,
        typeof(cast(null as {{ column.data_type }})) as data_type,
        {{ column.name in key or 'not_null' in column.constraints | map(attribute='type') }} as is_required,
        {{ column.name in key }} as is_key
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

key_columns as (
    select unnest(constraint_column_names) as column_name
    from duckdb_constraints()
    where
        constraint_type = 'PRIMARY KEY'
        and database_name = '{{ model.database }}'
        and schema_name = '{{ model.schema }}'
        and table_name = '{{ model.identifier }}'
),

table_columns as (
    select
        column_index as column_position,
        column_name,
        data_type,
        not is_nullable as is_required,
        column_name in (select key_columns.column_name from key_columns) as is_key
    from duckdb_columns()
    where
        database_name = '{{ model.database }}'
        and schema_name = '{{ model.schema }}'
        and table_name = '{{ model.identifier }}'
)

select *
from documented_columns
full join table_columns using (column_position, column_name, data_type, is_required, is_key)
where documented_columns.column_name is null or table_columns.column_name is null
{%- endif %}
{% endtest %}
