{#
    Who gets which variant, by a salted hash: the same figures as
    `retail_analytics.experiments.assignment`, which says how the three places of a unit are used.

    `experiment_place(unit, salt, purpose)` is a number in [0, 1): the first eight hexadecimal
    digits of md5(salt:purpose:unit), over 16 ** 8. The digits are read one by one, which every
    engine can.
#}
{% macro experiment_place(unit, salt, purpose) -%}
    {%- set digest = "md5(concat(" ~ salt ~ ", ':" ~ purpose ~ ":', " ~ unit ~ "))" -%}
    (
        {%- for position in range(1, 9) %}
        (strpos('0123456789abcdef', substr({{ digest }}, {{ position }}, 1)) - 1)
        * cast({{ 16 ** (8 - position) }} as double){% if not loop.last %} +{% endif %}
        {%- endfor %}
    ) / 4294967296.0
{%- endmacro %}
