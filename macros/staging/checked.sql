{#
    From the rows of an input as read to rows with a verdict, in three steps of a staging model:
    `cast_columns` (each value is cast once), `checked_columns` (what is wrong with a row, what the
    as-of date cuts off) and `judged` (which of several rows counts: macros/staging/judged.sql).
    All they know of an input they take from the contract (models/staging/_inputs.yml).
#}

{# Every column as its type; of those that are no text, also whether there was a value at all. #}
{% macro cast_columns(input_table) -%}
    {%- set contract = input_contract(input_table) -%}
    {%- if not contract -%}
    row_number
    {%- else -%}
    row_number
    {%- for name, meta in contract.columns.items() %},
        {%- if meta.type == 'text' %}
    {{ as_text_value(name, meta) }} as {{ name }}
        {%- else %}
    {{ as_value(name, meta) }} as {{ name }},
    {{ name }} is not null{% if not meta.is_required %} and not {{ is_word_for_nothing(name, meta.type) }}{% endif %} as {{ name }}_is_given
        {%- if stands_for_the_row(meta) and meta.type != 'text' %},
    {{ name }} as {{ name }}_as_written
        {%- endif %}
        {%- endif %}
    {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{% macro as_text_value(name, meta) -%}
    {#- a required word may be `None`, an id never #}
    {%- set text = 'lower(' ~ name ~ ')' if meta.choices else name -%}
    {%- if meta.reserved -%}
    {%- set cases = [] -%}
    {%- for word in meta.reserved -%}{%- do cases.append("when '" ~ word ~ "' then '" ~ word | capitalize ~ "'") -%}{%- endfor -%}
    {%- set text = 'case ' ~ name ~ ' ' ~ cases | join(' ') ~ ' else ' ~ name ~ ' end' -%}
    {%- endif -%}
    {%- if meta.is_required and not name.endswith('_id') -%}
    {{ text }}
    {%- else -%}
    case when not {{ is_word_for_nothing(name) }} then {{ text }} end
    {%- endif -%}
{%- endmacro %}

{% macro as_value(name, meta) -%}
    {%- if meta.first_day_of -%}
    cast(date_trunc('{{ meta.first_day_of }}', {{ as_type(name, meta.type) }}) as date)
    {%- elif meta.type in ['date', 'timestamp'] and not meta.is_required -%}
    case when not {{ is_never(name) }} then {{ as_type(name, meta.type) }} end
    {%- else -%}
    {{ as_type(name, meta.type) }}
    {%- endif -%}
{%- endmacro %}

{#
    The columns of cast rows with `reasons` (null, or all that is wrong with a row, in the order of
    its columns) and `is_after_as_of`. What ends after the as-of date is still open on that day.
    `faults`: of a column, more of them by `fault()`. `after_as_of`: when a row begins later for
    another reason than its own event.
#}
{% macro checked_columns(input_table, after_as_of=none, faults={}) -%}
    {%- set contract = input_contract(input_table) -%}
    {%- if not contract -%}
    row_number
    {%- else -%}
    {%- set all_faults = [] -%}
    {%- for name, meta in contract.columns.items() -%}
        {%- do all_faults.extend(column_faults(name, meta)) -%}
        {%- do all_faults.extend(faults.get(name, [])) -%}
    {%- endfor -%}
    {%- set later = ['coalesce(' ~ after_as_of ~ ', false)'] if after_as_of else [] -%}
    {%- for name in columns_where(contract, event='begins') if is_later(name, contract.columns[name]) -%}
        {%- do later.append('coalesce(' ~ is_later(name, contract.columns[name]) ~ ', false)') -%}
    {%- endfor -%}
    row_number
    {%- for name in staged_columns(contract) %},
    {%- set meta = contract.columns[name] -%}
    {%- set end = meta.known_since or name -%}
    {%- set cut = is_later(end, contract.columns[end]) if meta.known_since or meta.event == 'ends' %}
    {% if cut %}case when not coalesce({{ cut }}, false) then {{ name }} end as {{ name }}{% else %}{{ name }}{% endif %}
    {%- endfor %},
    {{ reasons(all_faults) }} as reasons,
    {{ later | join(' or ') or 'false' }} as is_after_as_of
    {%- endif -%}
{%- endmacro %}

{# Whether a value lies after the as-of date, and yet may be true; empty where no such date is set. #}
{% macro is_later(name, meta) -%}
    {%- if as_of_date_setting() -%}
    {%- set first_day_after = "date '" ~ as_of_date_setting() ~ "' + 1" -%}
    {%- if meta.type == 'timestamp' -%}{%- set first_day_after = day_start(first_day_after) -%}{%- endif -%}
    ({{ name }} >= {{ first_day_after }} and {{ name }} < {{ first_impossible_day(type=meta.type) }})
    {%- endif -%}
{%- endmacro %}

{#
    The faults that a column can have by its contract. A row in which a sum or the header again
    stands for a name (`is_name`) or for the day of the row is one of a report and no data.
#}
{% macro column_faults(name, meta) -%}
    {%- set found = [] -%}
    {%- if stands_for_the_row(meta) -%}
        {%- set written = name if meta.type == 'text' else 'cast(' ~ name ~ '_as_written as varchar)' -%}
        {%- set unread = '' if meta.type == 'text' else name ~ ' is null and ' -%}
        {%- do found.append(fault(
            unread ~ 'rtrim(lower(' ~ written ~ "), ' :=') in ('" ~ name ~ "', 'total', 'totals', 'grand total', "
            ~ "'subtotal', 'sub total', 'sub-total', 'sum', 'gesamt', 'gesamtsumme', 'gesamtergebnis', "
            ~ "'zwischensumme', 'summe', 'suma', 'totale', 'total général', 'total general', "
            ~ "'total geral', 'totaal', 'eindtotaal', 'итого', 'razem', 'celkem', '合計', '合计', '总计')",
            'report_row'
        )) -%}
    {%- endif -%}
    {%- if meta.is_required -%}
        {%- set is_given = name ~ ' is not null' if meta.type == 'text' else name ~ '_is_given' -%}
        {%- do found.append(fault('not (' ~ is_given ~ ')', 'missing_' ~ name)) -%}
    {%- endif -%}
    {%- if meta.choices -%}
        {%- do found.append(
            fault(name ~ " not in ('" ~ meta.choices | join("', '") ~ "')", 'unreadable_' ~ name)
        ) -%}
    {%- endif -%}
    {%- if meta.type != 'text' -%}
        {%- do found.append(fault(name ~ '_is_given and ' ~ name ~ ' is null', 'unreadable_' ~ name)) -%}
    {%- endif -%}
    {%- set outside = [] -%}
    {%- if meta.minimum is defined -%}{%- do outside.append(name ~ ' < ' ~ meta.minimum) -%}{%- endif -%}
    {%- if meta.above is defined -%}{%- do outside.append(name ~ ' <= ' ~ meta.above) -%}{%- endif -%}
    {%- if meta.maximum is defined -%}{%- do outside.append(name ~ ' > ' ~ meta.maximum) -%}{%- endif -%}
    {%- if outside -%}
        {%- do found.append(fault(outside | join(' or '), 'invalid_' ~ name)) -%}
    {%- endif -%}
    {%- if meta.type in ['date', 'timestamp'] -%}
        {%- do found.append(fault(
            name ~ " < date '1990-01-01' or " ~ name ~ ' >= ' ~ first_impossible_day(meta.days_ahead or 0, meta.type),
            'implausible_' ~ name
        )) -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# Whether a column says which thing or which day a row is of. #}
{% macro stands_for_the_row(meta) -%}
    {{ return(meta.is_name or (meta.is_required and meta.type in ['date', 'timestamp'])) }}
{%- endmacro %}

{% macro fault(condition, reason) -%}
    {{ return('case when ' ~ condition ~ " then '" ~ reason ~ "' end") }}
{%- endmacro %}

{# Null for a good row, else the list of all reasons, the first one first. #}
{% macro reasons(faults) -%}
    case
        when coalesce({{ faults | join(', ') }}) is not null
            then list_filter([{{ faults | join(', ') }}], lambda reason: reason is not null)
    end
{%- endmacro %}

{# Nothing happens after the day of the build; a plan may lie some days ahead. For a time it is when
   that day begins in the shop's time zone. #}
{% macro first_impossible_day(days_ahead=0, type='date') -%}
    {%- set day = "(date '" ~ run_started_at.strftime('%Y-%m-%d') ~ "' + " ~ (1 + days_ahead) ~ ')' -%}
    {%- if type == 'timestamp' -%}{{ day_start(day) }}{%- else -%}{{ day }}{%- endif -%}
{%- endmacro %}

{# What databases and spreadsheets write where there is nothing, in any case: the lists are those of
   src/retail_analytics/inputs/spelling.py. In a number `NaN` is no amount and `none` may be zero; in
   a text `NA` may be North America. #}
{% macro is_word_for_nothing(name, type='text') -%}
    {%- set text = 'cast(' ~ name ~ ' as varchar)' -%}
    {%- set is_number = type in ['decimal', 'count'] -%}
    {%- set is_id = name.endswith('_id') -%}
    coalesce(
        lower({{ text }}) in (
            'null', '\n', 'nat', '<na>', 'n/a', 'n.a.', '#n/a', '#nv', '-', '–', '—',
            '(null)', '[null]', '<null>', '#null!', 'undefined'
            {%- if not is_number %}, 'nan', 'none'{% endif %}
            {%- if type != 'text' or is_id %}, 'na', '--'{% endif %}
            {%- if type in ['date', 'timestamp'] %},
            '0000-00-00', '0000-00-00 00:00:00', '1900-01-00', '1900-01-00 00:00:00'{% endif %}
            {%- if is_id %},
            'nil', '(none)', '(blank)', '(not set)', '#value!', '#ref!', '#name?',
            '#div/0!', '#num!', '#wert!', '#bezug!'{% endif %}
        )
        {%- if is_number %} or {{ text }} in ('nan', 'None'){% endif %}
        {%- if type in ['date', 'timestamp'] %} or {{ is_never(name) }}{% endif %},
        false
    )
{%- endmacro %}

{# The first and the last day that programs know, at whatever time: what never was or will be. #}
{% macro is_never(name) -%}
    coalesce(substr(cast({{ name }} as varchar), 1, 10) in ('0001-01-01', '9999-12-31'), false)
{%- endmacro %}
