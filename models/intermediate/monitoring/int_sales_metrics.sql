-- Orders by the day they were placed; a category by its lines.
with orders as (
    select * from {{ ref('orders') }}
),

category_months as (
    select * from {{ ref('int_category_months') }}
),

order_months as (
    select
        cast(date_trunc('month', ordered_on) as date) as month,
        cast(sum(revenue) as double) as revenue,
        count(*) filter (is_purchase) as order_count,
        count(distinct customer_id) filter (is_purchase) as customer_count,
        cast(avg(revenue) filter (is_purchase) as double) as average_order_value
    from orders
    group by all
),

measures as (
    select
        'all' as dimension,
        'all' as entity,
        month,
        order_count as weight,
        unnest([
            {'metric': 'revenue', 'value': revenue},
            {'metric': 'order_count', 'value': order_count},
            {'metric': 'active_customer_count', 'value': customer_count},
            {'metric': 'average_order_value', 'value': average_order_value}
        ]) as measure
    from order_months
    union all
    select
        'category' as dimension,
        category as entity,
        month,
        order_count as weight,
        {'metric': 'category_revenue', 'value': revenue} as measure
    from category_months
),

sales_metrics as (
    select
        measure.metric as metric,
        dimension,
        entity,
        measure.value as value,
        weight,
        month as period
    from measures
)

select * from sales_metrics
