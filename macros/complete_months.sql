{#
    Complete months from one day to a later one: 31 January to 28 February is one. In parts of dates,
    because engines count months between days each in their own way (of 666 cohort rows 74 differed).
#}
{% macro complete_months(earlier, later) -%}
    cast(
        12 * (year({{ later }}) - year({{ earlier }})) + month({{ later }}) - month({{ earlier }})
        - case
            when day({{ later }}) < day({{ earlier }}) and {{ later }} <> last_day({{ later }}) then 1
            else 0
        end as bigint
    )
{%- endmacro %}
