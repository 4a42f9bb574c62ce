{#
    Times are stored in UTC; days are days in the shop's own time zone. A time becomes a day, and a
    day a time, only by these two: an order at 20:00 in New York is an order of that day, not of the
    next one.
#}

{# The day in the shop's time zone of a time in UTC. #}
{% macro shop_day(time) -%}
    cast({{ shop_time(time) }} as date)
{%- endmacro %}

{# The time on the shop's clocks of a time in UTC. #}
{% macro shop_time(time) -%}
    {%- if shop_time_zone() == 'UTC' -%}
    {{ time }}
    {%- else -%}
    {{ time }} at time zone 'UTC' at time zone '{{ shop_time_zone() }}'
    {%- endif -%}
{%- endmacro %}

{# When a day begins in the shop's time zone, in UTC. #}
{% macro day_start(day) -%}
    {%- if shop_time_zone() == 'UTC' -%}
    cast({{ day }} as timestamp)
    {%- else -%}
    cast({{ day }} as timestamp) at time zone '{{ shop_time_zone() }}' at time zone 'UTC'
    {%- endif -%}
{%- endmacro %}
