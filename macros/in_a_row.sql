{#
    Values of a rule table as columns of one row, each under the name it has there:
    `in_a_row(ref('scorecard_rules'), 'rule', ['minimum_ranked_deliveries'])`. Null where it is not.
#}
{% macro in_a_row(rules, key, names) -%}
    select
        {% for name in names -%}
        max(value) filter ({{ key }} = '{{ name }}') as {{ name }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ rules }}
{%- endmacro %}
