{#
    Override dbt's and dbt-duckdb's materializations of these names, which make a relation under
    another name, rename two and drop one, and ask the catalog about grants, indexes and foreign keys
    that this project has none of: up to a dozen statements a node, each with its events and, for
    drops and renames, a context of all macros. DuckDB replaces a table or a view in one statement,
    and a statement that fails within a transaction leaves the one before: a table is written by one
    call (macros/platform/create_table_as.sql), a view and a test by one too.
#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set relation = replaced_relation('table') -%}
    {# a Python model commits what it wrote itself (src/retail_analytics/warehouse/contracts.py) #}
    {%- set is_sql = model['language'] == 'sql' -%}
    {%- set needs_commit = is_sql and (config.get('contract').enforced or comments(relation) | trim) -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main', auto_begin=needs_commit, language=model['language']) -%}
        {{ create_table_as(False, relation, compiled_code, model['language']) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- if needs_commit or pre_hooks or post_hooks -%}
        {% do adapter.commit() %}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{% materialization view, adapter='duckdb' %}
    {%- set relation = replaced_relation('view') -%}
    {%- set described = comments(relation) | trim -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main', auto_begin=described != '') -%}
        create or replace view {{ relation }} as (
            {{ sql }}
        );
        {{ described }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- if described or pre_hooks or post_hooks -%}
        {% do adapter.commit() %}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{# Rows of a rule table as its file has them, with the types of its YAML. #}
{% materialization seed, adapter='duckdb' %}
    {%- set relation = replaced_relation('table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        create or replace table {{ relation }} as
        from read_csv(
            '{{ escape_single_quotes(adapter.get_seed_file_path(model)) }}',
            header = true,
            delim = '{{ config.get("delimiter", ",") }}',
            types = {{ '{' }}
                {%- for column, type in config.get('column_types', {}).items() -%}
                '{{ column }}': '{{ type }}'{{ ', ' if not loop.last }}
                {%- endfor -%}
            {{ '}' }}
        );
        {{ comments(relation) }}
    {%- endcall -%}
    {# dbt asks for the rows it has read, to show them on demand: DuckDB has read them itself #}
    {% do store_result('agate_table', response='OK', agate_table=load_result('main').table) %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{# Rows that break a promise: counted, and kept as a view to look at. #}
{% materialization test, adapter='duckdb' %}
    {%- set failing_rows = get_limit_subquery_sql(sql, config.get('limit')) -%}
    {%- set relations = [] -%}
    {%- if should_store_failures() -%}
        {%- set kind = config.get('store_failures_as') or 'table' -%}
        {%- set relation = replaced_relation(kind) -%}
        {%- do relations.append(relation) -%}
    {%- endif -%}
    {%- call statement('main', fetch_result=True, auto_begin=False) -%}
        {% if relations %}
        create or replace {{ relation.type }} {{ relation }} as (
            {{ failing_rows }}
        );
        {% endif %}
        {{ get_test_sql(
            'select * from ' ~ relation if relations else failing_rows,
            config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none
        ) }}
    {%- endcall -%}
    {{ return({'relations': relations}) }}
{% endmaterialization %}


{# The relation of this node; one of another type, which nothing can replace, is dropped. #}
{% macro replaced_relation(type) %}
    {%- set existing = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) -%}
    {%- if existing is not none and existing.type != type -%}
        {% do adapter.drop_relation(existing) %}
    {%- endif -%}
    {{ return(api.Relation.create(
        database=database, schema=schema, identifier=model['alias'], type=type
    )) }}
{% endmacro %}


{# Statements that write the descriptions of this node and of its columns into the database. #}
{% macro comments(relation) %}
    {%- if config.persist_relation_docs() and model.description %}
        comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(model.description) }};
    {%- endif %}
    {%- if config.persist_column_docs() %}
        {%- for column in model.columns.values() if column.description %}
        comment on column {{ relation }}.{{ adapter.quote(column.name) }} is {{ duckdb_escape_comment(column.description) }};
        {%- endfor %}
    {%- endif %}
{% endmacro %}
