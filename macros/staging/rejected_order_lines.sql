{#
    Orders (or products) of which lines were rejected, and how many. A line that was rejected has been
    there all the same: what its order came to is not known from the other lines. That holds of a line
    with more or fewer fields than its header as well. A state of a line that another state replaced
    (`duplicate_key`) is no line.
#}
{% macro rejected_order_lines(by='order_id') -%}
    select
        {{ by }},
        count(*) as line_count
    from (
        select {{ by }}
        from {{ ref('stg_order_lines') }}
        where row_status = 'rejected' and reasons[1] <> 'duplicate_key'
        {%- if by == 'order_id' %}
        union all
        select order_id
        from {{ source('load', 'unreadable_rows') }}
        where input_table = 'order_lines'
        {%- endif %}
    ) as rejected_lines
    where {{ by }} is not null
    group by {{ by }}
{%- endmacro %}
