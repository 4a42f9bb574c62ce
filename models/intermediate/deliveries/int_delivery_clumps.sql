-- How much the deliveries of a month in a warehouse resemble each other: a bad month makes many
-- late at once, so that chance moves more than it would delivery by delivery (Kish 1965).
-- 1. Of undisturbed deliveries, what a month departs from the rates of its carriers, squared, is
--    the sum of variances where deliveries are independent, and the square of the summed deviations
--    where all resemble each other. The correlation is the place between the two, over all months.
with parcels as (
    select
        coalesce(carrier, '') as carrier,
        coalesce(warehouse, '') as warehouse,
        date_trunc('month', promised_on) as month,
        is_late,
        days_past_promise
    from {{ ref('int_deliveries_due') }}
    where is_undisturbed
),

usual as (
    select
        carrier,
        warehouse,
        avg(cast(is_late as bigint)) as late_rate,
        avg(cast(is_late as bigint)) * (1 - avg(cast(is_late as bigint))) as late_variance,
        avg(days_past_promise) as mean_days,
        greatest(
            avg(days_past_promise * days_past_promise)
            - avg(days_past_promise) * avg(days_past_promise),
            0
        ) as days_variance
    from parcels
    group by carrier, warehouse
),

carrier_months as (
    select
        carrier,
        warehouse,
        month,
        count(*) as delivery_count,
        count(*) filter (is_late) as late_count,
        sum(days_past_promise) as total_days
    from parcels
    group by carrier, warehouse, month
),

months as (
    select
        carrier_months.warehouse,
        carrier_months.month,
        sum(carrier_months.delivery_count) as delivery_count,
        sum(carrier_months.delivery_count * carrier_months.delivery_count) as squared_counts,
        power(sum(carrier_months.late_count - carrier_months.delivery_count * usual.late_rate), 2)
            as late_departure,
        sum(carrier_months.delivery_count * usual.late_variance) as late_apart,
        power(sum(carrier_months.delivery_count * sqrt(usual.late_variance)), 2) as late_together,
        power(sum(carrier_months.total_days - carrier_months.delivery_count * usual.mean_days), 2)
            as days_departure,
        sum(carrier_months.delivery_count * usual.days_variance) as days_apart,
        power(sum(carrier_months.delivery_count * sqrt(usual.days_variance)), 2) as days_together
    from carrier_months
    inner join usual
        on carrier_months.carrier = usual.carrier and carrier_months.warehouse = usual.warehouse
    group by carrier_months.warehouse, carrier_months.month
),

totals as (
    select
        sum(delivery_count * delivery_count) / sum(delivery_count) as month_delivery_count,
        sum(squared_counts) / sum(delivery_count) as carrier_month_delivery_count,
        sum(late_departure - late_apart) / nullif(sum(late_together - late_apart), 0)
            as late_correlation,
        sum(days_departure - days_apart) / nullif(sum(days_together - days_apart), 0)
            as days_correlation
    from months
),

delivery_clumps as (
    select
        coalesce(month_delivery_count, 0) as month_delivery_count,
        coalesce(carrier_month_delivery_count, 0) as carrier_month_delivery_count,
        round(least(1, greatest(0, coalesce(late_correlation, 0))), 6) as late_correlation,
        round(least(1, greatest(0, coalesce(days_correlation, 0))), 6) as days_correlation
    from totals
)

select * from delivery_clumps
