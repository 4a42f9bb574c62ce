{# Text as a type; null where it cannot be read as one. Reasons for a null: macros/staging/reasons.sql #}

{% macro as_date(column) -%}
    case when isfinite(try_cast({{ column }} as date)) then try_cast({{ column }} as date) end
{%- endmacro %}

{# without an offset a timestamp is UTC: the session's time zone, set in profiles.yml #}
{% macro as_timestamp(column) -%}
    case
        when isfinite(try_cast({{ column }} as timestamp))
            then try_cast({{ column }} as timestamptz) at time zone 'UTC'
    end
{%- endmacro %}

{# four decimals: prices below a cent are real, and a sum of them must not be rounded a line at a time #}
{% macro as_decimal(column) -%}
    try_cast({{ column }} as decimal(18, 4))
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
