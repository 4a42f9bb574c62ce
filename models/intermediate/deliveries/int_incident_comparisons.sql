-- 1. Counted are deliveries whose promised day is over, that overlap with no incident before and were
--    not yet late when this overlap began: what was late already it could not make late.
-- 2. Those alike (of one incident, carrier, warehouse and month, as many days before their promise) are
--    one row, beside what would have become of them.
with deliveries as (
    select * from {{ ref('int_deliveries_due') }}
),

baselines as (
    select * from {{ ref('int_incident_baselines') }}
),

alike as (
    select
        incident_id,
        coalesce(carrier, '') as carrier,
        coalesce(warehouse, '') as warehouse,
        date_trunc('month', promised_on) as month,
        days_left,
        count(*) as delivery_count,
        count(*) filter (is_late) as late_count,
        sum(days_past_promise) as total_days
    from deliveries
    where incident_id is not null and days_left >= 0
    group by all
),

incident_comparisons as (
    select
        alike.incident_id,
        alike.carrier,
        alike.warehouse,
        alike.days_left,
        alike.delivery_count,
        alike.late_count,
        alike.total_days,
        baselines.late_rate,
        baselines.late_variance,
        baselines.mean_days,
        baselines.days_variance,
        baselines.error_share,
        cast(alike.month as date) as month
    from alike
    inner join baselines using (carrier, warehouse, days_left)
    where baselines.late_rate is not null
)

select * from incident_comparisons
