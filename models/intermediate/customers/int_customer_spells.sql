-- A spell is a run of purchases none of which is more than `lost_after_days` after the one before;
-- it is over, and the customer lost, that many days after its last purchase, once they have passed.
with orders as (
    select * from {{ ref('orders') }}
    where customer_id is not null and is_purchase
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

purchases as (
    select
        customer_id,
        ordered_on,
        coalesce(
            ordered_on - lag(ordered_on) over (partition by customer_id order by ordered_on)
            > {{ var('lost_after_days') }},
            true
        ) as is_start
    from orders
),

numbered_purchases as (
    select
        customer_id,
        ordered_on,
        sum(cast(is_start as integer)) over (
            partition by customer_id
            order by ordered_on
            rows between unbounded preceding and current row
        ) as spell_number
    from purchases
),

spells as (
    select
        customer_id,
        spell_number,
        min(ordered_on) as started_on,
        max(ordered_on) as last_ordered_on
    from numbered_purchases
    group by customer_id, spell_number
),

customer_spells as (
    select
        spells.customer_id,
        cast(spells.spell_number as bigint) as spell_number,
        spells.started_on,
        spells.last_ordered_on,
        case
            when spells.last_ordered_on + {{ var('lost_after_days') }} <= as_of.as_of_date
                then spells.last_ordered_on + {{ var('lost_after_days') }}
        end as lost_on
    from spells
    cross join as_of
)

select * from customer_spells
