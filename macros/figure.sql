{# A figure with its unit as people read it: shares in percent, everything else as it is. #}
{% macro figure(value, unit) -%}
    case
        when {{ unit }} = 'share' then round(100 * {{ value }}, 1) || ' %'
        else round({{ value }}, 2) || ' ' || {{ unit }}
    end
{%- endmacro %}
