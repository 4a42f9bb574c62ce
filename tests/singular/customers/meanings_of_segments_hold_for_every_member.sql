-- What segments.csv says of the orders of a segment's customers holds for each of them, today and at
-- every month's end: nobody with four orders is told to make a second one, and nobody who bought this
-- month is lost.
with members as (
    select
        customer_id,
        segment,
        frequency,
        recency_days,
        as_of_date
    from {{ ref('customer_rfm') }}
    where segment is not null
    union all
    select
        customer_id,
        segment,
        frequency,
        recency_days,
        as_of_date
    from {{ ref('customer_segments_history') }}
    where segment is not null
),

segments as (
    select * from {{ ref('segments') }}
)

select members.*
from members
left join segments on members.segment = segments.segment
where
    not coalesce(
        members.frequency >= segments.minimum_orders
        and members.frequency <= coalesce(segments.maximum_orders, members.frequency)
        and members.recency_days >= coalesce(segments.minimum_recency_days, 0)
        and members.recency_days <= coalesce(segments.maximum_recency_days, members.recency_days),
        false
    )
