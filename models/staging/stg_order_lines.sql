-- 1. A line whose order is not known, or was itself rejected, is `unknown_order`.
-- 2. A line is identified by its number; without one only a whole equal row is a duplicate.
-- 3. A line of ten billion or more is an entry error, as a single price of that size is.
-- 4. A till writes a line each time an article is scanned: equal lines without a number all count
--    where they add up to the total of their order, and the lines without repetitions do not.
with source as (
    select * from {{ source('raw', 'order_lines') }}
),

known_orders as (
    select
        coalesce(sold_order_id, order_id) as known_order_id,
        max(row_status) as order_row_status
    from {{ ref('stg_orders') }}
    where row_status in ('kept', 'after_as_of')
    group by coalesce(sold_order_id, order_id)
),

cast_rows as (
    select
        {{ cast_columns('order_lines') }},
        order_row_status
    from source
    left join known_orders on source.order_id = known_orders.known_order_id
),

checked_rows as (
    {%- set is_later = "order_row_status = 'after_as_of'" %}
    select {{ checked_columns('order_lines', after_as_of=is_later, faults={
        'order_id': [fault('order_id is not null and order_row_status is null', 'unknown_order')],
        'unit_price': [fault(
            'cast(quantity as decimal(20, 4)) * unit_price >= 10000000000', 'invalid_unit_price'
        )],
    }) }}
    from cast_rows
),

{{ judged('order_lines') }}

select * from judged_rows
