{#
    Overrides dbt-duckdb's macro of this name for tables with a contract: their primary key is added
    when the rows are there. One index over all rows takes half the time, and on a large table a
    small part of the time, of one that grows row by row.
#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
    {%- if language == 'sql' and config.get('contract').enforced and not temporary -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
        create table {{ relation }} ({{ contracted_definitions() | join(', ') }});
        insert into {{ relation }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }});
        {{ add_primary_key(relation) }}
    {%- else -%}
        {{ dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by=partitioned_by, sorted_by=sorted_by) }}
    {%- endif -%}
{%- endmacro %}

{# Columns and constraints as `create table` wants them, without the primary key. #}
{% macro contracted_definitions() %}
    {{ return(
        adapter.render_raw_columns_constraints(raw_columns=model['columns'])
        + adapter.render_raw_model_constraints(
            raw_constraints=model['constraints'] | rejectattr('type', 'eq', 'primary_key') | list
        )
    ) }}
{% endmacro %}

{# The statement that adds the model's primary key to a table; empty without one. #}
{% macro add_primary_key(relation) %}
    {% set keys = adapter.render_raw_model_constraints(
        raw_constraints=model['constraints'] | selectattr('type', 'eq', 'primary_key') | list
    ) %}
    {{ return('alter table ' ~ relation ~ ' add ' ~ keys[0] if keys else '') }}
{% endmacro %}
