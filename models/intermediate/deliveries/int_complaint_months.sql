-- A complaint about an order counts for the carriers and warehouses of its deliveries, too.
with complaints as (
    select * from {{ kept('complaints') }}
),

parcels as (
    select
        order_id,
        unnest([
            {'dimension': 'carrier', 'entity': carrier},
            {'dimension': 'warehouse', 'entity': warehouse}
        ]) as slice
    from {{ ref('deliveries') }}
    where is_on_time is not null
),

order_entities as (
    select distinct
        order_id,
        slice.dimension as dimension,
        slice.entity as entity
    from parcels
    where slice.entity is not null
),

complaint_entities as (
    select
        'all' as dimension,
        'all' as entity,
        complained_on,
        complaint_count
    from complaints
    union all
    select
        order_entities.dimension,
        order_entities.entity,
        complaints.complained_on,
        complaints.complaint_count
    from complaints
    inner join order_entities on complaints.order_id = order_entities.order_id
),

complaint_months as (
    select
        dimension,
        entity,
        cast(date_trunc('month', complained_on) as date) as month,
        cast(sum(complaint_count) as bigint) as complaint_count
    from complaint_entities
    group by all
)

select * from complaint_months
