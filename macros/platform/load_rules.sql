{#
    Before any model, after the inputs: the rule tables that the user's folder replaces by a file
    `rules/<name>.csv`. Models read rule tables by `ref()`, whoever wrote them.
#}
{% macro load_rules() %}
    {% if execute and flags.WHICH in ['build', 'run', 'seed'] %}
        {% set rules = {} %}
        {% for seed in graph.nodes.values() if seed.resource_type == 'seed' %}
            {% set types = {} %}
            {% for column in seed.columns.values() %}
                {% do types.update({column.name: column.data_type}) %}
            {% endfor %}
            {% do rules.update({seed.name: types}) %}
        {% endfor %}
        {% set folder = (var('data') or env_var('DATA', '')) or (flags.PROJECT_DIR or '.') ~ '/seeds/sample' %}
        {% set call %}
            select load_rules('{{ escape_single_quotes(folder) }}', '{{ escape_single_quotes(tojson(rules)) }}')
        {% endset %}
        {% set answer = fromjson(run_query(call).columns[0][0]) %}
        {% if answer.error %}
            {% do exceptions.raise_compiler_error('the rule files: ' ~ answer.error) %}
        {% endif %}
        {% for note in answer.notes %}
            {% do log('note: ' ~ note, info=true) %}
        {% endfor %}
        {% do say_assumptions() %}
    {% endif %}
{% endmacro %}

{# What figures rest on that nobody of the shop said: rule tables with `meta.assumption` that stay the project's. #}
{% macro say_assumptions() %}
    {% set is_sample = not (var('data') or env_var('DATA', '')) %}
    {% for seed in graph.nodes.values() if seed.config.meta.assumption and not is_sample %}
        {% set is_own = adapter.get_relation(
            database=target.database, schema='raw', identifier='rule_' ~ seed.name
        ) %}
        {% set asked = adapter.get_relation(
            database=target.database, schema='raw', identifier=seed.config.meta.assumed_for
        ) %}
        {% if asked and not is_own and run_query('select 1 from ' ~ asked ~ ' limit 1').rows %}
            {% do log('note: ' ~ seed.config.meta.assumption, info=true) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# Before any model: what the builds before leave to be known (raw.memory_<name>). #}
{% macro load_memory() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% do run_query('select load_memory()') %}
    {% endif %}
{% endmacro %}

{# After a rule table is loaded: the user's rows in place of the project's. #}
{% macro own_rules() %}
    {% if execute %}
        {# dbt lists the schema once for all rule tables, after load_rules() has filled it #}
        {% if adapter.get_relation(
            database=this.database, schema='raw', identifier='rule_' ~ this.identifier
        ) %}
            {% set columns = '"' ~ model.columns | join('", "') ~ '"' %}
            delete from {{ this }};
            insert into {{ this }} ({{ columns }})
            select {{ columns }} from raw.rule_{{ this.identifier }}
        {% endif %}
    {% endif %}
{% endmacro %}
