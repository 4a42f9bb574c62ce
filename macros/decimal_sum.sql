{#
    The sum of doubles by way of decimals, as a double: the same in any order, which a sum of doubles
    is not, and so the same in every build. `digits` are the places kept: 9 hold sums to 10^29, 6 (for
    squares of amounts) to 10^32.
#}
{% macro decimal_sum(expression, digits=9) -%}
cast(sum(cast({{ expression }} as decimal(38, {{ digits }}))) as double)
{%- endmacro %}
