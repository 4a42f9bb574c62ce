{# Settings that come from the environment (or a make variable), else from a var of the project. #}

{# The time zone in which the shop's days begin; the loader checks it. #}
{% macro shop_time_zone() %}
    {{ return((var('shop_time_zone', '') or env_var('SHOP_TIME_ZONE', '') or 'UTC') | string | trim) }}
{% endmacro %}
