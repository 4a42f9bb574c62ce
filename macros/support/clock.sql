{#
    Times of the support clock are whole seconds since 1970-01-01 (UTC): what is compared, cut and
    added up a million times is an integer, and only these macros know how an engine writes a time.
#}
{% macro seconds_of(moment) -%}
    date_diff('second', timestamp '1970-01-01', {{ moment }})
{%- endmacro %}

{% macro moment_of(seconds) -%}
    make_timestamp(cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{# UTC seconds of a wall clock's seconds in a zone; where a wall time is skipped, the moment of the skip. #}
{% macro utc_seconds(local_seconds, zone) -%}
    cast(floor(epoch({{ moment_of(local_seconds) }} at time zone {{ zone }})) as bigint)
{%- endmacro %}

{# Seconds that a zone's wall clock is ahead of UTC at a moment given in UTC seconds. #}
{% macro utc_offset(seconds, zone) -%}
    cast(floor(epoch({{ moment_of(seconds) }} at time zone 'UTC' at time zone {{ zone }})) as bigint)
    - {{ seconds }}
{%- endmacro %}

{# Seconds after midnight of `HH:MM` or `HH:MM:SS`, 24:00 included. #}
{% macro seconds_of_day(wall_time) -%}
    (
        cast(split_part({{ wall_time }}, ':', 1) as bigint) * 3600
        + cast(split_part({{ wall_time }}, ':', 2) as bigint) * 60
        + cast(coalesce(nullif(split_part({{ wall_time }}, ':', 3), ''), '0') as bigint)
    )
{%- endmacro %}

{# The row of the clock that a moment lies in; the query joins it as `name` and reads `open_seconds`. #}
{% macro clock_join(name, schedule, seconds) -%}
    left join clock as {{ name }}
        on
            {{ schedule }} = {{ name }}.schedule
            and {{ seconds }} // 86400 = {{ name }}.utc_day
            and {{ seconds }} >= {{ name }}.starts
            and {{ seconds }} < {{ name }}.next_starts
{%- endmacro %}

{# Open seconds since the clock began, at a moment, from the row joined by `clock_join`. #}
{% macro open_seconds(name, seconds) -%}
    (
        {{ name }}.open_seconds_before
        + least({{ seconds }} - {{ name }}.starts, {{ name }}.open_seconds)
    )
{%- endmacro %}

{#
    Hours cut at midnight: a row that closes at or before it opens is open until the end of its day,
    and from 0 to its closing on the next.
#}
{% macro pieces_of_days(hours) -%}
    select
        schedule,
        time_zone,
        iso_weekday,
        opens,
        case when closes > opens then closes else 86400 end as closes
    from {{ hours }}
    union all
    select
        schedule,
        time_zone,
        iso_weekday % 7 + 1 as iso_weekday,
        0 as opens,
        closes
    from {{ hours }}
    where closes <= opens and closes > 0
{%- endmacro %}
