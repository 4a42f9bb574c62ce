{#
    Overrides dbt-duckdb's macro of this name: a table is made, filled, checked and described by one
    call, and takes the place of the one before when its transaction ends.

    Of the primary key of a contract the build checks that no value is there twice, which costs a
    fifth of what the index of a key does. The published file has the index
    (src/retail_analytics/warehouse/publish.py).
#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
    {%- if temporary -%}
        {{ dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by=partitioned_by, sorted_by=sorted_by) }}
    {%- elif language == 'python' -%}
        {{ py_write_table(temporary, relation, compiled_code) }}
    {%- elif config.get('contract').enforced -%}
        {% do check_contract(compiled_code) %}
        create or replace table {{ relation }} ({{ contracted_definitions() | join(', ') }});
        insert into {{ relation }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }});
        {{ key_check(relation) }};
        {{ comments(relation) }}
    {%- else -%}
        create or replace table {{ relation }} as (
            {{ compiled_code }}
        );
        {{ comments(relation) }}
    {%- endif -%}
{%- endmacro %}

{#
    Fails unless the columns of a query are the contract's. dbt's own check asks the database what
    the types of the YAML are called: it is left to those that are not called what they are there.
#}
{% macro check_contract(compiled_code) %}
    {% set promised = {} %}
    {% for column in model['columns'].values() %}
        {% do promised.update({column.name: column.data_type | upper}) %}
    {% endfor %}
    {% set found = {} %}
    {% for column in get_column_schema_from_query(compiled_code, config.get('sql_header', none)) %}
        {% do found.update({column.name: column.dtype}) %}
    {% endfor %}
    {% if promised != found %}
        {% do get_assert_columns_equivalent(compiled_code) %}
    {% endif %}
{% endmacro %}

{# Columns and constraints as `create table` wants them, without the primary key. #}
{% macro contracted_definitions() %}
    {{ return(
        adapter.render_raw_columns_constraints(raw_columns=model['columns'])
        + adapter.render_raw_model_constraints(
            raw_constraints=model['constraints'] | rejectattr('type', 'eq', 'primary_key') | list
        )
    ) }}
{% endmacro %}

{# The columns of a model's primary key; none without one. #}
{% macro key_columns(node) %}
    {{ return(
        node['constraints'] | selectattr('type', 'eq', 'primary_key')
        | map(attribute='columns') | sum(start=[]) | list
    ) }}
{% endmacro %}

{# A query that fails when a value of the primary key is there twice; empty without a key. #}
{% macro key_check(relation) %}
    {%- set key = key_columns(model) -%}
    {%- if key -%}
        {%- set quoted = '"' ~ key | join('", "') ~ '"' -%}
        select error(
            '{{ model.name }}: the primary key ({{ key | join(', ') }}) is there '
            || copies || ' times: ' || key_values
        )
        from (
            select count(*) as copies, concat_ws(', ', {{ quoted }}) as key_values
            from {{ relation }}
            group by {{ quoted }}
            having count(*) > 1
            limit 1
        )
    {%- endif -%}
{% endmacro %}
