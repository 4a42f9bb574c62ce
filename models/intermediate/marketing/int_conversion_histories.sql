-- One row per customer with a touch and day looked at: what the touches and orders until then were.
-- 1. Segment and scores are those of the last month that was over, so that they know nothing newer.
with touches as (
    select * from {{ ref('int_conversion_touches') }}
),

orders as (
    select * from {{ ref('int_journey_orders') }}
),

segments as (
    select * from {{ ref('customer_segments_history') }}
),

touched as (
    select
        customer_id,
        as_of_date,
        bool_or(is_current) as is_current,
        count(*) as touch_count,
        count(*) filter ({{ shop_day('touched_at') }} > as_of_date - 7) as recent_touch_count,
        count(distinct channel) as channel_count,
        count(*) filter (extract(hour from touched_at) >= 18) as evening_count,
        count(*) filter (extract(isodow from touched_at) >= 6) as weekend_count,
        date_diff('second', min(touched_at), max(touched_at)) / 3600.0 as span_hours,
        date_diff('day', cast(min(touched_at) as date), as_of_date) as first_touch_days,
        date_diff('day', cast(max(touched_at) as date), as_of_date) as last_touch_days,
        min_by(channel, struct_pack(at := touched_at, id := touchpoint_id)) as first_channel,
        max_by(channel, struct_pack(at := touched_at, id := touchpoint_id)) as last_channel,
        max_by(device, struct_pack(at := touched_at, id := touchpoint_id)) as device,
        max_by(region, struct_pack(at := touched_at, id := touchpoint_id)) as region
    from touches
    group by customer_id, as_of_date
),

bought as (
    select
        touched.customer_id,
        touched.as_of_date,
        count(*) as order_count,
        cast(sum(coalesce(orders.revenue, 0)) as double) as revenue,
        date_diff('day', max(orders.ordered_on), touched.as_of_date) as last_order_days
    from touched
    inner join orders
        on
            touched.customer_id = orders.customer_id
            and touched.as_of_date >= orders.ordered_on
    group by touched.customer_id, touched.as_of_date
),

conversion_histories as (
    select
        touched.*,
        case
            when bought.order_count is null then 'no order'
            when bought.order_count = 1 then 'one order'
            else 'several orders'
        end as history,
        coalesce(bought.order_count, 0) as order_count,
        coalesce(bought.revenue, 0) as revenue,
        bought.last_order_days,
        segments.segment,
        segments.recency_score,
        segments.frequency_score,
        segments.monetary_score
    from touched
    left join bought
        on
            touched.customer_id = bought.customer_id
            and touched.as_of_date = bought.as_of_date
    left join segments
        on
            touched.customer_id = segments.customer_id
            and cast(date_trunc('month', touched.as_of_date + 1) - interval 1 month as date)
            = segments.month
)

select * from conversion_histories
