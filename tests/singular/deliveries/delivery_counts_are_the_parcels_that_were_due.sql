-- delivery_performance and deliveries agree, month by month and slice by slice: deliveries,
-- deliveries on time, and the mean days they took.
with deliveries as (
    select * from {{ ref('deliveries') }}
    where is_on_time is not null
),

sliced_deliveries as (
    select
        *,
        'all' as dimension,
        'all' as entity
    from deliveries
    union all
    select
        *,
        'carrier' as dimension,
        carrier as entity
    from deliveries
    where carrier is not null
    union all
    select
        *,
        'warehouse' as dimension,
        warehouse as entity
    from deliveries
    where warehouse is not null
),

delivery_totals as (
    select
        dimension,
        entity,
        cast(date_trunc('month', coalesce(delivered_on, promised_on)) as date) as month,
        count(*) as delivery_count,
        count(*) filter (is_on_time) as on_time_count,
        avg(days_to_deliver) as average_delivery_days
    from sliced_deliveries
    group by all
),

performance as (
    select * from {{ ref('delivery_performance') }}
    where figures_from = 'parcels'
)

select
    coalesce(performance.dimension, delivery_totals.dimension) as dimension,
    coalesce(performance.entity, delivery_totals.entity) as entity,
    coalesce(performance.month, delivery_totals.month) as month,
    performance.delivery_count as performance_count,
    delivery_totals.delivery_count
from performance
full join delivery_totals
    on
        performance.dimension = delivery_totals.dimension
        and performance.entity = delivery_totals.entity
        and performance.month = delivery_totals.month
where
    performance.delivery_count is distinct from delivery_totals.delivery_count
    or performance.on_time_count is distinct from delivery_totals.on_time_count
    or performance.average_delivery_days is distinct from delivery_totals.average_delivery_days
