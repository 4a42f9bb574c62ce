{#
    The returns of `judged_rows` of orders: which number each has under its id, whether its sale is
    there, and whether those under one id are states of one return, of which the newest (`age_rank` 1)
    counts. They are several where each has its own total and together they take back no more than the
    sale came to; where no sale's total is known, where their times differ too.
#}
{% macro returns_under_one_id() -%}
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
)
{%- endmacro %}
