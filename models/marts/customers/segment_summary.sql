-- Every segment has its row, one without customers too: its share is 0 and its averages are unknown.
with segments as (
    select * from {{ ref('segments') }}
),

scored_customers as (
    select * from {{ ref('customer_rfm') }}
    where status = 'ok'
),

customer_totals as (
    select
        segment,
        count(*) as customer_count,
        sum(monetary) as revenue,
        avg(recency_days) as average_recency_days,
        avg(frequency) as average_frequency
    from scored_customers
    group by segment
),

segment_summary as (
    select
        segments.segment,
        segments.meaning,
        segments.strategy,
        segments.segment_order,
        coalesce(customer_totals.customer_count, 0) as customer_count,
        coalesce(
            customer_totals.customer_count / nullif(sum(customer_totals.customer_count) over (), 0),
            0
        ) as customer_share,
        cast(coalesce(customer_totals.revenue, 0) as decimal(18, 4)) as revenue,
        coalesce(cast(
            customer_totals.revenue / nullif(sum(customer_totals.revenue) over (), 0) as double
        ), 0) as revenue_share,
        cast(customer_totals.revenue / customer_totals.customer_count as decimal(18, 4))
            as average_revenue,
        customer_totals.average_recency_days,
        customer_totals.average_frequency
    from segments
    left join customer_totals on segments.segment = customer_totals.segment
)

select * from segment_summary
