-- 1. A line of no order, a rejected one or several returns without a sale is `unknown_order`.
-- 2. A line is identified by its number; without one only a whole equal row is a duplicate.
-- 3. A line of ten billion or more is an entry error, as a single price of that size is.
-- 4. A till writes a line per scan: equal lines without a number, or lines that share one number, all
--    count where they add up to the total of their order, and the lines without repetitions do not.
with known_orders as (
    select
        coalesce(sold_order_id, order_id) as known_order_id,
        max(row_status) as order_row_status
    from {{ ref('stg_orders') }}
    where row_status in ('kept', 'after_as_of')
    group by coalesce(sold_order_id, order_id)
    having count(*) = 1 or min(order_status) <> 'returned'
),

cast_rows as (
    select
        {{ cast_columns('order_lines') }},
        order_row_status
    from {{ source('raw', 'order_lines') }} as source
    left join known_orders on source.order_id = known_orders.known_order_id
),

checked_rows as (
    select {{ checked_columns('order_lines', "order_row_status = 'after_as_of'", {
        'order_id': [fault('order_id is not null and order_row_status is null', 'unknown_order')],
        'unit_price': [fault(
            'cast(quantity as decimal(20, 4)) * unit_price >= 10000000000', 'invalid_unit_price'
        )],
    }) }}
    from cast_rows
),

{{ judged('order_lines', outdated_stay=true) }},

repeated_lines as (
    select
        judged_rows.row_number,
        judged_rows.order_id
    from judged_rows
    inner join checked_rows on judged_rows.row_number = checked_rows.row_number
    where
        checked_rows.reasons is null
        and (
            (judged_rows.row_status = 'duplicate' and judged_rows.line_number is null)
            or (judged_rows.row_status = 'rejected' and judged_rows.reasons[1] = 'duplicate_key')
        )
),

receipt_lines as (
    select
        judged_rows.order_id,
        judged_rows.row_status = 'kept' as is_kept,
        coalesce(
            judged_rows.line_total,
            try_cast(judged_rows.quantity * judged_rows.unit_price as decimal(18, 4))
        ) as amount
    from judged_rows
    left join repeated_lines on judged_rows.row_number = repeated_lines.row_number
    where
        judged_rows.order_id in (select again.order_id from repeated_lines as again)
        and (judged_rows.row_status = 'kept' or repeated_lines.row_number is not null)
),

whole_receipts as (
    select receipt_lines.order_id
    from receipt_lines
    inner join {{ kept('orders') }} as orders on receipt_lines.order_id = orders.order_id
    group by receipt_lines.order_id, orders.order_total
    having
        count(*) = count(receipt_lines.amount)
        and abs(sum(receipt_lines.amount) - orders.order_total) < 0.005
        and abs(
            sum(case when receipt_lines.is_kept then receipt_lines.amount else 0 end)
            - orders.order_total
        ) >= 0.005
),

scanned_again as (
    select repeated_lines.row_number
    from repeated_lines
    inner join whole_receipts on repeated_lines.order_id = whole_receipts.order_id
)

select
    judged_rows.row_number,
    judged_rows.order_id,
    judged_rows.product_id,
    judged_rows.currency,
    judged_rows.quantity,
    judged_rows.unit_price,
    judged_rows.line_total,
    case when scanned_again.row_number is null then judged_rows.line_number end as line_number,
    judged_rows.has_rejected_state,
    case when scanned_again.row_number is null then judged_rows.reasons end as reasons,
    case
        when scanned_again.row_number is null then judged_rows.row_status else 'kept'
    end as row_status
from judged_rows
left join scanned_again on judged_rows.row_number = scanned_again.row_number
