-- 1. A parcel counts in the month it arrived; one past its promise that has not, in the month it
--    was promised; one not yet due in none.
-- 2. Figures already added up (delivery_months) stand for the whole in months without parcels.
-- 3. A complaint about an order counts for the carriers and warehouses of its parcels, too.
with deliveries as (
    select * from {{ ref('deliveries') }}
    where is_on_time is not null
),

complaints as (
    select * from {{ kept('complaints') }}
),

months_added_up as (
    select * from {{ kept('delivery_months') }}
),

parcels as (
    select
        *,
        cast(date_trunc('month', coalesce(delivered_on, promised_on)) as date) as month,
        unnest([
            {'dimension': 'all', 'entity': 'all'},
            {'dimension': 'carrier', 'entity': carrier},
            {'dimension': 'warehouse', 'entity': warehouse}
        ]) as slice
    from deliveries
),

counted_months as (
    select
        month,
        slice.dimension as dimension,
        slice.entity as entity,
        count(*) as delivery_count,
        count(*) filter (is_on_time) as on_time_count,
        avg(days_to_deliver) as average_delivery_days,
        median(days_to_deliver) as median_delivery_days,
        quantile_cont(days_to_deliver, 0.9) as p90_delivery_days
    from parcels
    where slice.entity is not null
    group by all
),

order_entities as (
    select distinct
        order_id,
        slice.dimension as dimension,
        slice.entity as entity
    from parcels
    where slice.dimension <> 'all' and slice.entity is not null
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
),

delivery_months as (
    select
        counted_months.dimension,
        counted_months.entity,
        'parcels' as figures_from,
        counted_months.delivery_count,
        counted_months.on_time_count,
        counted_months.average_delivery_days,
        counted_months.median_delivery_days,
        counted_months.p90_delivery_days,
        counted_months.on_time_count / counted_months.delivery_count as on_time_rate,
        coalesce(complaint_months.complaint_count, 0) as complaint_count,
        counted_months.month
    from counted_months
    left join complaint_months using (dimension, entity, month)
    union all
    select
        'all' as dimension,
        'all' as entity,
        'delivery_months' as figures_from,
        cast(null as bigint) as delivery_count,
        cast(null as bigint) as on_time_count,
        cast(months_added_up.average_delivery_days as double) as average_delivery_days,
        cast(null as double) as median_delivery_days,
        cast(null as double) as p90_delivery_days,
        cast(months_added_up.on_time_rate_pct as double) / 100 as on_time_rate,
        coalesce(months_added_up.complaint_count, complaint_months.complaint_count, 0)
            as complaint_count,
        months_added_up.month
    from months_added_up
    left join complaint_months
        on months_added_up.month = complaint_months.month and complaint_months.dimension = 'all'
    where months_added_up.month not in (select counted_months.month from counted_months)
)

select * from delivery_months
