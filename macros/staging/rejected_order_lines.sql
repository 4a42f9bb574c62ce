{#
    Orders of which lines were rejected, and how many. A line that was rejected has been there all the
    same: what its order came to is not known from the other lines. So has one with more or fewer fields
    than its header. A state of a line that another state replaced (`duplicate_key`) is no line.
#}
{% macro rejected_order_lines() -%}
    select
        order_id,
        count(*) as line_count
    from (
        select order_id
        from {{ ref('stg_order_lines') }}
        where row_status = 'rejected' and reasons[1] <> 'duplicate_key'
        union all
        select order_id
        from {{ source('load', 'unreadable_rows') }}
        where input_table = 'order_lines'
    ) as all_rejected_lines
    where order_id is not null
    group by order_id
{%- endmacro %}
