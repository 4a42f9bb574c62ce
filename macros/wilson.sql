{#
    Wilson's score interval of a rate (Wilson 1927), at the var `interval_z`; null without trials.
    successes, trials: counts; a value between 0 and 1.
#}
{# never past the rate itself, where rounding would take it when all or none succeed #}
{% macro wilson_lower(successes, trials) -%}
    case
        when {{ trials }} > 0
            then greatest(0, least({{ successes }} / {{ trials }}, {{ wilson_bound(successes, trials, '-') }}))
    end
{%- endmacro %}

{% macro wilson_upper(successes, trials) -%}
    case
        when {{ trials }} > 0
            then least(1, greatest({{ successes }} / {{ trials }}, {{ wilson_bound(successes, trials, '+') }}))
    end
{%- endmacro %}

{% macro wilson_bound(successes, trials, sign) -%}
    {%- set z = interval_z() -%}
    (
        ({{ successes }} + {{ z }} * {{ z }} / 2)
        {{ sign }} {{ z }} * sqrt(
            cast({{ successes }} as double) * ({{ trials }} - {{ successes }}) / {{ trials }}
            + {{ z }} * {{ z }} / 4
        )
    ) / ({{ trials }} + {{ z }} * {{ z }})
{%- endmacro %}

{# as it is written, z is a DECIMAL, and with a million trials its digits overflow #}
{% macro interval_z() -%}
    cast({{ var('interval_z') }} as double)
{%- endmacro %}
