{#
    What is wrong with a row: `reasons([...])` over the faults of its columns, in the order of
    inputs.md. The SQL gives null for a good row, else the list of all reasons, the first one first.
#}

{% macro reasons(faults) -%}
    {%- set all_faults = faults | sum(start=[]) -%}
    case
        when coalesce({{ all_faults | join(', ') }}) is not null
            then list_filter([{{ all_faults | join(', ') }}], lambda reason: reason is not null)
    end
{%- endmacro %}

{#
    The faults one column can have. `event` for a day or time at which something happened, or will
    happen in `days_ahead` at the latest.
#}
{% macro faults(
    column, type='text', required=false, event=false, days_ahead=0,
    minimum=none, above=none, maximum=none, choices=none
) -%}
    {%- set found = [] -%}
    {%- if required -%}
        {%- do found.append("case when " ~ column ~ " is null then 'missing_" ~ column ~ "' end") -%}
    {%- endif -%}
    {%- if choices -%}
        {%- do found.append(
            "case when lower(" ~ column ~ ") not in ('" ~ choices | join("', '")
            ~ "') then 'unreadable_" ~ column ~ "' end"
        ) -%}
    {%- endif -%}
    {%- if type != 'text' -%}
        {%- set value = as_type(column, type) -%}
        {%- do found.append(
            'case when ' ~ column ~ ' is not null and ' ~ value ~ " is null then 'unreadable_" ~ column ~ "' end"
        ) -%}
        {%- set outside = [] -%}
        {%- if minimum is not none -%}{%- do outside.append(value ~ ' < ' ~ minimum) -%}{%- endif -%}
        {%- if above is not none -%}{%- do outside.append(value ~ ' <= ' ~ above) -%}{%- endif -%}
        {%- if maximum is not none -%}{%- do outside.append(value ~ ' > ' ~ maximum) -%}{%- endif -%}
        {%- if outside -%}
            {%- do found.append('case when ' ~ outside | join(' or ') ~ " then 'invalid_" ~ column ~ "' end") -%}
        {%- endif -%}
        {%- if event -%}
            {%- do found.append(
                'case when ' ~ value ~ " < date '1990-01-01' or " ~ value ~ ' >= ' ~ first_impossible_day(days_ahead)
                ~ " then 'implausible_" ~ column ~ "' end"
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# A fault of more than one column. #}
{% macro fault(condition, reason) -%}
    {{ return(['case when ' ~ condition ~ " then '" ~ reason ~ "' end"]) }}
{%- endmacro %}

{# Nothing happens after the as-of date, where one is set, or after the day of the build. #}
{% macro first_impossible_day(days_ahead=0) -%}
    {%- set last_day = as_of_date_setting() or run_started_at.strftime('%Y-%m-%d') -%}
    (date '{{ last_day }}' + {{ 1 + days_ahead }})
{%- endmacro %}
