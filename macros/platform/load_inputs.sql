{#
    Before any model: reads the user's files (or the sample retailer's) into the schema `raw`.
    The columns and which of them are required come from models/staging/_inputs.yml. The loader also
    notes the first and the last event of every input, so that no figure waits for all inputs only
    to know which day is today.
#}
{% macro load_inputs() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% do check_as_of_date() %}
        {% set contract = {} %}
        {% set facts = {} %}
        {% for input_table in var('inputs') %}
            {% do contract.update({input_table: input_contract(input_table).columns}) %}
            {% do facts.update({input_table: {
                'contract': input_contract(input_table),
                'event_queries': event_queries(input_table),
            }}) %}
        {% endfor %}
        {% set folder = (var('data') or env_var('DATA', '')) or (flags.PROJECT_DIR or '.') ~ '/seeds/sample' %}
        {% set settings = {
            'time_zone': shop_time_zone(),
            'currency': env_var('CURRENCY', '') | trim,
            'currency_label': var('currency', ''),
        } %}
        {% set call %}
            select load_inputs(
                '{{ escape_single_quotes(folder) }}',
                '{{ escape_single_quotes(tojson(contract)) }}',
                '{{ escape_single_quotes(tojson(facts)) }}',
                '{{ escape_single_quotes(tojson(settings)) }}'
            )
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

{#
    Queries for the first and the last event of an input, over the rows that have no fault of their
    own, on the shop's clocks: `[near_ends, all_rows]`. The first looks at the thousand oldest and newest rows only, which
    is enough unless all of them are faulty.
#}
{% macro event_queries(input_table) %}
    {% set contract = input_contract(input_table) %}
    {% if not event_columns(contract) %}{{ return([]) }}{% endif %}
    {% set times = [] %}
    {% for column in event_columns(contract) %}
        {% set time = shop_time(column) if contract.columns[column].type == 'timestamp' else column %}
        {% do times.append('cast(' ~ time ~ ' as timestamp)') %}
    {% endfor %}
    {# one argument is none: greatest() and least() pass over nulls #}
    {% set times = times | join(', ') ~ ', cast(null as timestamp)' %}
    {% set relation = source('raw', input_table) %}
    {% set all_rows %}
        with cast_rows as (
            select {{ cast_columns(input_table) }} from {{ relation }} /* near_ends */
        ),

        checked_rows as (
            select {{ checked_columns(input_table) }} from cast_rows
        )

        select min(least({{ times }})), max(greatest({{ times }}))
        from checked_rows
        where reasons is null and not is_after_as_of
    {% endset %}
    {% set events %}
        select
            row_number,
            least({{ times }}) as first_event_at,
            greatest({{ times }}) as last_event_at
        from (
            select
                row_number
                {%- for column in event_columns(contract) %},
                {{ as_value(column, contract.columns[column]) }} as {{ column }}
                {%- endfor %}
            from {{ relation }}
        )
    {% endset %}
    {% set near_ends %}
        where row_number in (
            (
                select row_number from ({{ events }})
                where first_event_at >= date '1990-01-01'
                order by first_event_at limit 1000
            )
            union
            (
                select row_number from ({{ events }})
                where last_event_at < {{ first_impossible_day() }}
                {%- if as_of_date_setting() %} and first_event_at < date '{{ as_of_date_setting() }}' + 1{% endif %}
                order by last_event_at desc limit 1000
            )
        )
    {% endset %}
    {{ return([all_rows | replace('/* near_ends */', near_ends), all_rows]) }}
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
