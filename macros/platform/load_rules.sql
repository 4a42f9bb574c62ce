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
