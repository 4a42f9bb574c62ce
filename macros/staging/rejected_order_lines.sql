{#
    Orders of which lines were rejected, and how many. A line that was rejected has been there all the
    same: what its order came to is not known from the other lines. A state of a line that another
    state replaced (`duplicate_key`) is no line.
#}
{% macro rejected_order_lines() -%}
    select
        order_id,
        count(*) as line_count
    from {{ ref('stg_order_lines') }}
    where row_status = 'rejected' and order_id is not null and reasons[1] <> 'duplicate_key'
    group by order_id
{%- endmacro %}
