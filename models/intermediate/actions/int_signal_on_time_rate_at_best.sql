-- 1. The upper end of the rate's interval counts: few deliveries prove little. Below the fewest that a
--    measure is compared with (seeds/rules/deliveries/delivery_measures.csv) nothing is said.
-- 2. At stake is the revenue of the orders that were late; a return puts nothing at stake.
with fewest as (
    select minimum_deliveries
    from {{ ref('delivery_measures') }}
    where measure = 'on_time_rate'
),

months as (
    select
        performance.*,
        -- a mean of doubles differs in the last digit from build to build
        round(
            avg(performance.on_time_rate) over (
                partition by performance.dimension, performance.entity
                order by performance.month
                range between interval 12 months preceding and interval 1 month preceding
            ),
            9
        ) as usual_rate
    from {{ ref('delivery_performance') }} as performance
    where performance.is_complete
),

late_orders as (
    select * from {{ ref('int_late_orders') }}
),

late_revenue as (
    select
        dimension,
        entity,
        count(*) as order_count,
        cast(sum(revenue) filter (revenue > 0) as double) as revenue
    from late_orders
    group by dimension, entity
),

on_time_rate_at_best as (
    select
        'on_time_rate_at_best' as signal,
        months.dimension as entity_type,
        months.entity,
        case when months.dimension <> 'all' then months.entity end as name,
        cast(null as varchar) as subject,
        coalesce(months.on_time_rate_upper, months.on_time_rate) as value,
        months.on_time_rate as figure,
        months.usual_rate as usual_value,
        late_revenue.order_count as item_count,
        late_revenue.revenue as value_at_stake,
        months.month as period
    from months
    inner join {{ ref('int_last_delivery_month') }} as newest on months.month = newest.month
    inner join fewest
        on coalesce(months.delivery_count, fewest.minimum_deliveries) >= fewest.minimum_deliveries
    left join late_revenue
        on months.dimension = late_revenue.dimension and months.entity = late_revenue.entity
)

select * from on_time_rate_at_best
where value is not null
