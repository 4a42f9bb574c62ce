-- 1. A line that was rejected has been there all the same: what its order came to is not known from
--    the other lines. A state of a line that another state replaced (`duplicate_key`) is no line.
with order_lines as (
    select * from {{ ref('stg_order_lines') }}
    where row_status = 'rejected' and order_id is not null
),

rejected_lines as (
    select
        order_id,
        count(*) as line_count
    from order_lines
    where reasons[1] <> 'duplicate_key'
    group by order_id
)

select * from rejected_lines
