-- 1. A status is read without regard to case; an order without one is completed.
-- 2. A sale and its later returns under one id are orders of their own: a return is named
--    `<id> (return)`, the next `<id> (return 2)`. Of a sale of 40 sent back for 40 only the return was
--    left, -40 instead of 0, and of two partial refunds only the newer.
-- 3. Returns under one id are several, or states of one (macros/staging/returns.sql).
with source as (
    select * from {{ source('raw', 'orders') }}
),

cast_rows as (
    select {{ cast_columns('orders') }}
    from source
),

checked_rows as (
    select {{ checked_columns('orders') }}
    from cast_rows
),

{{ judged('orders', outdated_stay=true, apart="case when checked_rows.order_status = 'returned'
            then checked_rows.row_number else 0 end") }},

{{ returns_under_one_id() }},

named_rows as (
    select
        judged_rows.row_number,
        case
            when not returns.are_states and returns.return_number > 1
                then judged_rows.order_id || ' (return ' || returns.return_number || ')'
            when returns.is_sale_known then judged_rows.order_id || ' (return)'
            else judged_rows.order_id
        end as order_id,
        judged_rows.customer_id,
        judged_rows.order_status,
        judged_rows.sales_channel,
        judged_rows.currency,
        case
            when returns.is_sale_known or (not returns.are_states and returns.return_number > 1)
                then judged_rows.order_id
        end as sold_order_id,
        judged_rows.order_total,
        judged_rows.discount_amount,
        judged_rows.ordered_at,
        judged_rows.has_rejected_state,
        case
            when returns.are_states and returns.age_rank > 1 then ['duplicate_key']
            else judged_rows.reasons
        end as reasons,
        case
            when returns.are_states and returns.age_rank > 1 then 'rejected'
            else judged_rows.row_status
        end as row_status
    from judged_rows
    left join returns on judged_rows.row_number = returns.row_number
)

select * from named_rows
