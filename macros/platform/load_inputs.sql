{#
    Before any model: reads the user's files (or the sample retailer's) into the schema `raw`.
    The columns and which of them are required come from models/staging/_inputs.yml.
#}
{% macro load_inputs() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% do check_as_of_date() %}
        {% set contract = {} %}
        {% for source in graph.sources.values() if source.source_name == 'raw' %}
            {% set columns = {} %}
            {% for column in source.columns.values() %}
                {% do columns.update({column.name: column.config.meta}) %}
            {% endfor %}
            {% do contract.update({source.name: columns}) %}
        {% endfor %}
        {% set folder = (var('data') or env_var('DATA', '')) or 'seeds/sample' %}
        {% set call %}
            select load_inputs('{{ escape_single_quotes(folder) }}', '{{ escape_single_quotes(tojson(contract)) }}')
        {% endset %}
        {% set answer = fromjson(run_query(call).columns[0][0]) %}
        {% if answer.error %}
            {% do exceptions.raise_compiler_error('the input files: ' ~ answer.error) %}
        {% endif %}
        {% for note in answer.notes %}
            {% do log('note: ' ~ note, info=true) %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{% macro as_of_date_setting() %}
    {{ return((var('as_of_date') or env_var('AS_OF', '')) | string | trim) }}
{% endmacro %}

{% macro check_as_of_date() %}
    {% set setting = as_of_date_setting() %}
    {% set today = run_started_at.strftime('%Y-%m-%d') %}
    {% set check %}
        select coalesce(
            try_cast('{{ escape_single_quotes(setting) }}' as date)
                between date '1990-01-01' and date '{{ today }}',
            false
        )
    {% endset %}
    {% if setting and not (modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', setting) and run_query(check).columns[0][0]) %}
        {% do exceptions.raise_compiler_error(
            "AS_OF must be a day from 1990-01-01 to today (" ~ today ~ "), written like 2024-12-31, not '" ~ setting ~ "'"
        ) %}
    {% endif %}
{% endmacro %}
