{#
    The last month that is over, where the input covers it to its end, else no row: what has ended
    says nothing of now.
#}
{% macro covered_last_month(input_table) -%}
    select as_of.last_month as month
    from {{ ref('int_as_of') }} as as_of
    inner join {{ ref('int_input_coverage') }} as coverage
        on
            coverage.input_table = '{{ input_table }}'
            and coverage.covered_until >= last_day(as_of.last_month)
{%- endmacro %}
