{#
    The rows of a rule table that say from where on they hold, each with `next_bound`, where the next
    one begins: a value is joined to the one band it lies in.
#}
{% macro bands(rules, bound) -%}
    select
        *,
        coalesce(
            cast(lead({{ bound }}) over (order by {{ bound }}) as double),
            cast('infinity' as double)
        ) as next_bound
    from {{ rules }}
{%- endmacro %}
