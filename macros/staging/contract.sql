{#
    The input contract (models/staging/_inputs.yml), for macros and models that loop over it. Their
    names stand in the var `inputs` as well: dbt knows the contract only after it has read which
    table needs which.
#}

{#
    What is known of an input table: `columns` (name: meta), `key`, `keyless`, `newest`; none while
    dbt parses. In unit tests dbt shows no graph: there the loader's copy is read.
#}
{% macro input_contract(input_table) %}
    {%- if not execute -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if not graph.sources -%}
        {%- set query -%}
            select contract from raw.input_contracts where input_table = '{{ input_table }}'
        {%- endset -%}
        {{ return(fromjson(run_query(query).columns[0][0])) }}
    {%- endif -%}
    {%- set source = graph.sources['source.' ~ project_name ~ '.raw.' ~ input_table] -%}
    {%- set columns = {} -%}
    {%- for column in source.columns.values() -%}
        {%- do columns.update({column.name: column.config.meta}) -%}
    {%- endfor -%}
    {{ return({
        'columns': columns,
        'key': source.config.meta.key,
        'keyless': source.config.meta.get('keyless'),
        'newest': source.config.meta.get('newest'),
    }) }}
{% endmacro %}

{# The columns of an input table whose meta has these values, such as `event='begins'`. #}
{% macro columns_where(contract) %}
    {%- set found = [] -%}
    {%- for name, meta in contract.columns.items() -%}
        {%- set fits = [] -%}
        {%- for key, value in kwargs.items() if meta.get(key) == value -%}
            {%- do fits.append(key) -%}
        {%- endfor -%}
        {%- if fits | length == kwargs | length -%}{%- do found.append(name) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# The columns at which something happened: what began first, then what ended. #}
{% macro event_columns(contract) %}
    {{ return(columns_where(contract, event='begins') + columns_where(contract, event='ends')) }}
{% endmacro %}

{# Names of the columns of an input table in the order of its staging model: text, booleans, numbers,
   days, times. #}
{% macro staged_columns(contract) %}
    {%- set found = [] -%}
    {%- for type in ['text', 'boolean', 'decimal', 'count', 'date', 'timestamp'] -%}
        {%- for name in columns_where(contract, type=type) -%}{%- do found.append(name) -%}{%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# The rows of an input table that everything is made from. #}
{% macro kept(input_table) -%}
    (
        select *
        from {{ ref('stg_' ~ input_table) }}
        where reasons is null
    )
{%- endmacro %}

{#
    The rows of an input table that have been there: those that are kept, and those that were rejected
    for what is wrong with them (`reasons` is not null), of which a sum over rows must not be smaller.
    A row of a report (`Total`) is no row.
#}
{% macro kept_or_rejected(input_table) -%}
    (
        select *
        from {{ ref('stg_' ~ input_table) }}
        where
            coalesce(
                reasons[1] not in ('exact_duplicate', 'after_as_of', 'duplicate_key')
                and not list_contains(reasons, 'report_row'),
                true
            )
    )
{%- endmacro %}

{#
    A row as it was read as JSON: the columns of the contract, what is personal withheld, and the
    names of the other columns without their values.
#}
{% macro row_as_json(contract, relation) -%}
    cast(to_json({
        'row_number': {{ relation }}.row_number,
        {%- for column, meta in contract.columns.items() %}
        '{{ column }}':
            {% if meta.is_personal -%}
            case when {{ relation }}.{{ column }} is not null then '(withheld)' end,
            {%- else -%}
            cast({{ relation }}.{{ column }} as varchar),
            {%- endif %}
        {%- endfor %}
        'other_columns': json_keys({{ relation }}.extra_columns)
    }) as varchar)
{%- endmacro %}

{# The names of the inputs that hold something personal, as a list of SQL texts. #}
{% macro personal_inputs() -%}
    {%- set found = [] -%}
    {%- for input_table in var('inputs') if execute -%}
        {%- if columns_where(input_contract(input_table), is_personal=true) -%}
            {%- do found.append("'" ~ input_table ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ found | join(', ') or "''" }}
{%- endmacro %}

{# The first (`min`, `least`) or last (`max`, `greatest`) event of the kept rows of an input. #}
{% macro extreme(over_rows, over_columns, events) -%}
    {%- if not events -%}
    null
    {%- elif events | length == 1 -%}
    {{ over_rows }}({{ events[0] }}) filter (row_status = 'kept')
    {%- else -%}
    {{ over_rows }}({{ over_columns }}({{ events | join(', ') }})) filter (row_status = 'kept')
    {%- endif -%}
{%- endmacro %}
