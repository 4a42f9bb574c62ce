{#
    The table is the one its YAML describes: columns in that order, their types, which of them may
    be null, and the primary key. For tables that dbt's own contract cannot reach (learned ones).
#}
{% test columns_match_yaml(model) %}
{%- set documented = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
    | selectattr('name', 'equalto', model.identifier) | first | default({'columns': {}, 'constraints': []}) -%}
{%- set key = documented.constraints | selectattr('type', 'equalto', 'primary_key')
    | map(attribute='columns') | sum(start=[]) | list %}

with documented_columns (column_position, column_name, data_type, is_required, is_key) as (
    {% for column in documented.columns.values() %}
    {%- set is_key = column.name in key %}
    select
        {{ loop.index }},
        '{{ column.name }}',
        typeof(cast(null as {{ column.data_type }})),
        {{ is_key or 'not_null' in column.constraints | map(attribute='type') }},
        {{ is_key }}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select 0, '', '', false, false
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

(select 'documented' as found_in, * from documented_columns except select 'documented', * from table_columns)
union all
(select 'table', * from table_columns except select 'table', * from documented_columns)
{% endtest %}
