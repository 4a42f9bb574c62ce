{#
    Wilson's score interval of a rate (Wilson 1927), at the var `interval_z`; null without trials.
    successes, trials: counts; a value between 0 and 1.
#}
{% macro wilson_lower(successes, trials) -%}
    greatest(0, {{ wilson_bound(successes, trials, '-') }})
{%- endmacro %}

{% macro wilson_upper(successes, trials) -%}
    least(1, {{ wilson_bound(successes, trials, '+') }})
{%- endmacro %}

{% macro wilson_bound(successes, trials, sign) -%}
    {%- set z = var('interval_z') -%}
    (
        ({{ successes }} + {{ z }} * {{ z }} / 2.0)
        {{ sign }} {{ z }} * sqrt(
            cast({{ successes }} as double) * ({{ trials }} - {{ successes }})
            / nullif({{ trials }}, 0) + {{ z }} * {{ z }} / 4.0
        )
    ) / nullif({{ trials }} + {{ z }} * {{ z }}, case when {{ trials }} = 0 then {{ z }} * {{ z }} end)
{%- endmacro %}
