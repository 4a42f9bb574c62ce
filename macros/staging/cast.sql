{# Text as a type; null where it cannot be read as one. Reasons for a null: macros/staging/checked.sql #}

{#
    Days and times as shops export them: `2024-01-31`, `2024-01-31 18:30`, with seconds and fractions,
    with a `T`, and with `Z`, `UTC`, `-0500`, `+01:00` or `Europe/Berlin` after them, a space before
    those or none; as Java writes them (`+01:00[Europe/Berlin]`), and with a comma before the fraction,
    which ISO 8601 allows. One pattern decides what is read, before any cast: DuckDB's own cast takes
    `+25:00` and `24:00:00` for other days and drops an offset, Spark's takes still more.
#}
{% macro is_time(text) -%}
    regexp_matches({{ text }}, '^(' ||
        '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?)?|' ||
        '[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)? ?' ||
        '((Z|UTC|utc|GMT|[+-](0[0-9]|1[0-3])(:?[0-5][0-9])?|[+-]14(:?00)?)(\[[A-Za-z0-9_/+-]+\])?' ||
        '|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)' ||
        ')$')
{%- endmacro %}

{#
    A time with an offset or zone, of which the pattern above holds. One that the clocks of its zone passed
    over (02:30 on the last Sunday of March in Berlin) is none: no clock showed it, so that it names
    another zone's time. DuckDB reads it as the hour, or half hour, after.
#}
{% macro zoned_time(text) -%}
    {%- set zone = "regexp_extract(" ~ text ~ ", '[A-Za-z_]+(/[A-Za-z0-9_+-]+)+$')" -%}
    {%- set local = "try_cast(replace(substr(" ~ text ~ ", 1, 16), 'T', ' ') as timestamp)" -%}
    {%- set at_minute = "try_cast(cast(" ~ local ~ " as varchar) || ' ' || " ~ zone ~ " as timestamptz)" -%}
    case
        when position(':' in {{ text }}) = 0 or {{ zone }} = '' then {{ time_as_cast(text) }}
        when {{ at_minute }} not in (
            {%- for minutes in [30, 60] %}
            try_cast(cast({{ local }} + interval {{ minutes }} minute as varchar) || ' ' || {{ zone }} as timestamptz)
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) then {{ time_as_cast(text) }}
    end
{%- endmacro %}

{# The same as the cast reads it. #}
{% macro time_as_cast(text) -%}
    try_cast(
        replace(replace(replace(replace(
            case
                when substr({{ text }}, 17, 1) = ':' then split_part({{ text }}, '[', 1)
                else substr({{ text }}, 1, 16) || ':00' || split_part(substr({{ text }}, 17), '[', 1)
            end,
            ' +', '+'), ' -', '-'), ' Z', 'Z'), ',', '.')
        as timestamptz
    )
{%- endmacro %}

{# Whether an offset or zone stands after a time, of which the pattern above holds. #}
{% macro names_zone(text) -%}
    rtrim(substr({{ text }}, 17), '0123456789:.,') <> ''
{%- endmacro %}

{# A time of a typed column, where it lies in the years that ISO 8601 can write. #}
{% macro in_iso_years(time) -%}
    case
        when {{ time }} between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999'
            then {{ time }}
    end
{%- endmacro %}

{# Days stay the days they are; of a time with an offset or zone it is the day in the shop's zone. #}
{% macro as_date(column) -%}
    {%- set text = 'cast(' ~ column ~ ' as varchar)' -%}
    case
        when typeof({{ column }}) <> 'VARCHAR' then cast({{ in_iso_years('try_cast(' ~ column ~ ' as timestamp)') }} as date)
        when not {{ is_time(text) }} then null
        when {{ names_zone(text) }}
            then cast({{ zoned_time(text) }} at time zone '{{ shop_time_zone() }}' as date)
        else cast(try_cast(replace({{ text }}, ',', '.') as timestamp) as date)
    end
{%- endmacro %}

{# In UTC, as is a time without an offset; a day alone is the time at which it begins in the shop. #}
{% macro as_timestamp(column) -%}
    {%- set text = 'cast(' ~ column ~ ' as varchar)' -%}
    case
        when typeof({{ column }}) = 'DATE'
            then {{ day_start(in_iso_years('try_cast(' ~ column ~ ' as timestamp)')) }}
        when typeof({{ column }}) <> 'VARCHAR' then {{ in_iso_years('try_cast(' ~ column ~ ' as timestamp)') }}
        when not {{ is_time(text) }} then null
        when length({{ text }}) = 19 and substr({{ text }}, 17, 1) = ':' then try_cast({{ text }} as timestamp)
        {%- if shop_time_zone() != 'UTC' %}
        when position(':' in {{ text }}) = 0 then {{ day_start('try_cast(' ~ text ~ ' as timestamp)') }}
        {%- endif %}
        when {{ names_zone(text) }} then {{ zoned_time(text) }} at time zone 'UTC'
        else try_cast(replace({{ text }}, ',', '.') as timestamp)
    end
{%- endmacro %}

{#
    Four decimals: prices below a cent are real, and a sum of them must not be rounded a line at a
    time; what would become nothing by it (0.00004) is not read. Ten digits before them: what is
    larger is an entry error, and would overflow the sums of the marts.
#}
{% macro as_decimal(column) -%}
    case
        when try_cast({{ column }} as decimal(14, 4)) <> 0 or try_cast({{ column }} as double) = 0
            then cast(try_cast({{ column }} as decimal(14, 4)) as decimal(18, 4))
    end
{%- endmacro %}

{# `3.0` is a count, `2.5` and `2.00004` are not #}
{% macro as_count(column) -%}
    case
        when try_cast({{ column }} as double) = floor(try_cast({{ column }} as double))
            then try_cast(try_cast({{ column }} as decimal(14, 4)) as bigint)
    end
{%- endmacro %}

{# `1.0` and `0.0` is what a program writes of truth values of which some are missing #}
{% macro as_boolean(column) -%}
    coalesce(
        try_cast({{ column }} as boolean),
        case cast({{ column }} as varchar) when '1.0' then true when '0.0' then false end
    )
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
