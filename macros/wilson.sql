{#
    Wilson's score interval of a rate (Wilson 1927), at the var `interval_z`; null without trials.
    successes, trials: counts; a value between 0 and 1.
#}
{% macro wilson_lower(successes, trials) -%}
    case when {{ trials }} > 0 then greatest(0, {{ wilson_bound(successes, trials, '-') }}) end
{%- endmacro %}

{% macro wilson_upper(successes, trials) -%}
    case when {{ trials }} > 0 then least(1, {{ wilson_bound(successes, trials, '+') }}) end
{%- endmacro %}

{% macro wilson_bound(successes, trials, sign) -%}
    {%- set z = var('interval_z') -%}
    (
        ({{ successes }} + {{ z }} * {{ z }} / 2.0)
        {{ sign }} {{ z }} * sqrt(
            cast({{ successes }} as double) * ({{ trials }} - {{ successes }}) / {{ trials }}
            + {{ z }} * {{ z }} / 4.0
        )
    ) / ({{ trials }} + {{ z }} * {{ z }})
{%- endmacro %}
