-- For marts, which do not read what the loader left (macros/staging/rejected_order_lines.sql).
with rejected_lines as (
    {{ rejected_order_lines() }}
)

select * from rejected_lines
