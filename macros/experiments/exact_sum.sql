{#
    The sum of shares as decimals: the same in any order, which a sum of doubles is not. Shares of a
    range that holds them lie in -1 to 1; `wide` is for those that may lie far outside it.
#}
{% macro exact_sum(expression, condition=none, wide=false) -%}
    coalesce(
            sum(cast({{ expression }} as decimal({{ 38 if wide else 18 }}, 17)))
            {%- if condition %} filter ({{ condition }}){% endif %}, 0
        )
{%- endmacro %}
