{# Text as a type; null where it cannot be read as one. Reasons for a null: macros/staging/checked.sql #}

{# A day or time is read whole (`2024-12-31x` is none) and lies in the years that ISO 8601 can write. #}
{% macro is_time(column) -%}
    try_cast({{ column }} as timestamp)
        between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999'
{%- endmacro %}

{% macro as_date(column) -%}
    case when {{ is_time(column) }} then cast(try_cast({{ column }} as timestamp) as date) end
{%- endmacro %}

{# without an offset a timestamp is UTC: the session's time zone, set in profiles.yml #}
{% macro as_timestamp(column) -%}
    case when {{ is_time(column) }} then try_cast({{ column }} as timestamptz) at time zone 'UTC' end
{%- endmacro %}

{# Four decimals: prices below a cent are real, and a sum of them must not be rounded a line at a
   time. Ten digits before them: what is larger is a slip, and would overflow the sums of the marts. #}
{% macro as_decimal(column) -%}
    cast(try_cast({{ column }} as decimal(14, 4)) as decimal(18, 4))
{%- endmacro %}

{# `3.0` is a count, `2.5` is not #}
{% macro as_count(column) -%}
    case
        when {{ as_decimal(column) }} = floor({{ as_decimal(column) }})
            then try_cast({{ as_decimal(column) }} as bigint)
    end
{%- endmacro %}

{% macro as_boolean(column) -%}
    try_cast({{ column }} as boolean)
{%- endmacro %}

{% macro as_type(column, type) -%}
    {%- if type == 'date' -%}{{ as_date(column) }}
    {%- elif type == 'timestamp' -%}{{ as_timestamp(column) }}
    {%- elif type == 'decimal' -%}{{ as_decimal(column) }}
    {%- elif type == 'count' -%}{{ as_count(column) }}
    {%- elif type == 'boolean' -%}{{ as_boolean(column) }}
    {%- else -%}{{ exceptions.raise_compiler_error('no such type: ' ~ type) }}
    {%- endif -%}
{%- endmacro %}
