-- A line that was rejected has been there all the same: what its order came to is not known from the
-- other lines. So has one with more or fewer fields than its header. A state of a line that another one
-- replaced (`duplicate_key`) is no line.
with order_lines as (
    select * from {{ ref('stg_order_lines') }}
),

unreadable_rows as (
    select * from {{ source('load', 'unreadable_rows') }}
),

all_lines as (
    select order_id
    from order_lines
    where row_status = 'rejected' and reasons[1] <> 'duplicate_key'
    union all
    select order_id
    from unreadable_rows
    where input_table = 'order_lines'
),

rejected_lines as (
    select
        order_id,
        count(*) as line_count
    from all_lines
    where order_id is not null
    group by order_id
)

select * from rejected_lines
