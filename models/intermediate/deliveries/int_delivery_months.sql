-- 1. A delivery counts in the month it arrived; one past its promise that has not, in the month it
--    was promised; one not yet due in none.
-- 2. Pre-aggregated figures (delivery_months) stand for the whole in months without deliveries.
-- 3. A month is complete when it is over and the deliveries' input covers it to its end: a file
--    that ends on the 5th says nothing of the month. Pre-aggregated months are whole.
-- 4. Where no input of complaints covers the month, its complaints are unknown, not none.
with parcels as (
    select
        *,
        cast(date_trunc('month', coalesce(delivered_on, promised_on)) as date) as month,
        unnest([
            {'dimension': 'all', 'entity': 'all'},
            {'dimension': 'carrier', 'entity': carrier},
            {'dimension': 'warehouse', 'entity': warehouse}
        ]) as slice
    from {{ ref('deliveries') }}
    where is_on_time is not null
),

complaint_months as (
    select * from {{ ref('int_complaint_months') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

coverage as (
    select
        max(covered_until) filter (input_table = 'deliveries') as deliveries_until,
        max(covered_from) filter (input_table = 'complaints') as complaints_from,
        max(covered_until) filter (input_table = 'complaints') as complaints_until
    from {{ ref('int_input_coverage') }}
),

counted_months as (
    select
        slice.dimension as dimension,
        slice.entity as entity,
        'parcels' as figures_from,
        count(*) as delivery_count,
        count(*) filter (is_on_time) as on_time_count,
        avg(days_to_deliver) as average_delivery_days,
        median(days_to_deliver) as median_delivery_days,
        quantile_cont(days_to_deliver, 0.9) as p90_delivery_days,
        count(*) filter (is_on_time) / count(*) as on_time_rate,
        cast(null as bigint) as given_complaint_count,
        month
    from parcels
    where slice.entity is not null
    group by all
),

figures as (
    select * from counted_months
    union all
    select
        'all' as dimension,
        'all' as entity,
        'delivery_months' as figures_from,
        cast(null as bigint) as delivery_count,
        cast(null as bigint) as on_time_count,
        cast(average_delivery_days as double) as average_delivery_days,
        cast(null as double) as median_delivery_days,
        cast(null as double) as p90_delivery_days,
        cast(on_time_rate_pct as double) / 100 as on_time_rate,
        complaint_count as given_complaint_count,
        month
    from {{ kept('delivery_months') }}
    where month not in (select counted_months.month from counted_months)
),

delivery_months as (
    select
        figures.* exclude (given_complaint_count, month),
        figures.figures_from = 'delivery_months' or coalesce(
            last_day(figures.month) <= least(as_of.as_of_date, coverage.deliveries_until), false
        ) as is_complete,
        coalesce(
            figures.given_complaint_count,
            case
                when
                    coverage.complaints_from <= last_day(figures.month)
                    and coverage.complaints_until
                    >= least(last_day(figures.month), as_of.as_of_date)
                    then coalesce(complaint_months.complaint_count, 0)
            end
        ) as complaint_count,
        figures.month
    from figures
    cross join coverage
    cross join as_of
    left join complaint_months
        on
            figures.dimension = complaint_months.dimension
            and figures.entity = complaint_months.entity
            and figures.month = complaint_months.month
)

select * from delivery_months
