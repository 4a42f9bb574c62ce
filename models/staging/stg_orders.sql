-- 1. A status is read without regard to case; an order without one is completed.
-- 2. A sale and its later returns under one id are orders of their own: a return is named
--    `<id> (return)`, the next `<id> (return 2)`. Of a sale of 40 sent back for 40 only the return was
--    left, -40 instead of 0, and of two partial refunds only the newer.
-- 3. Returns under one id are several where each has its own total and together they take back no
--    more than the sale came to; where no sale's total is known, where their times differ too. Else
--    they are states of one return, and the newest counts.
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

sales as (
    select
        order_id,
        order_total
    from judged_rows
    where row_status = 'kept' and order_status <> 'returned'
),

returned as (
    select
        *,
        row_number() over (
            partition by order_id
            order by ordered_at, row_number
        ) as return_number,
        row_number() over (
            partition by order_id
            order by
                ordered_at desc,
                case when order_total is not null then 1 else 0 end desc,
                row_number desc
        ) as age_rank
    from judged_rows
    where row_status = 'kept' and order_status = 'returned'
),

returned_again as (
    select
        order_id,
        count(*) = count(order_total) as have_totals,
        count(*) = count(distinct ordered_at) as have_times,
        sum(order_total) as order_total
    from returned
    group by order_id
    having count(*) > 1
),

-- Joined by equal columns alone: with a condition on the order's status beside them, DuckDB
-- compares every order with every sale.
returns as (
    select
        returned.row_number,
        returned.return_number,
        sales.order_id is not null as is_sale_known,
        returned_again.order_id is not null
        and not (
            returned_again.have_totals
            and coalesce(
                returned_again.order_total <= sales.order_total, returned_again.have_times
            )
        ) as are_states,
        returned.age_rank
    from returned
    left join sales on returned.order_id = sales.order_id
    left join returned_again on returned.order_id = returned_again.order_id
),

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
        judged_rows.has_rejected_state,
        judged_rows.order_total,
        judged_rows.discount_amount,
        judged_rows.ordered_at,
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
