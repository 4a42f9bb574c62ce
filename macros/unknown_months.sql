{# Months of which rows of an input were rejected: their counts and sums are those of the rest. #}
{% macro unknown_months(input_table) -%}
    select distinct cast(date_trunc('month', day) as date) as month
    from {{ ref('int_rejected_days') }}
    where input_table = '{{ input_table }}' and day is not null
{%- endmacro %}
