-- 1. Health is the delivery score less a point for every so many orders that incidents affected in
--    the month and those before it, up to a limit; never below 0
--    (seeds/rules/deliveries/health_rules.csv).
-- 2. An incident counts in the month it began, with the orders reported.
-- 3. Without a delivery score there is no health, nor from fewer deliveries than a score is
--    compared with, nor of a month that is over and that the deliveries' input does not cover to
--    its end (five deliveries of a month in which the file ends gave 10.0).
-- 4. A month is complete as in delivery_performance, and has an unknown part as there, or where an
--    incident of the months that it counts was rejected.
with months as (
    select * from {{ ref('delivery_performance') }}
    where dimension = 'all'
),

incident_months as (
    select
        cast(date_trunc('month', occurred_on) as date) as month,
        count(*) as incident_count,
        cast(sum(affected_orders) as bigint) as affected_orders,
        false as is_rejected
    from {{ ref('incidents') }}
    group by all
    union all
    select
        month,
        0 as incident_count,
        0 as affected_orders,
        true as is_rejected
    from ({{ unknown_months('incidents') }}) as rejected
),

rules as (
    {{ in_a_row(ref('health_rules'), 'part', ['orders_per_point', 'most_points', 'months']) }}
),

grades as (
    {{ bands(ref('score_grades'), 'minimum_score') }}
),

burdened_months as (
    select
        months.month,
        months.score as delivery_score,
        months.grade as delivery_grade,
        months.is_complete,
        bool_or(months.has_unknown_part or coalesce(incident_months.is_rejected, false))
            as has_unknown_part,
        months.delivery_count,
        cast(coalesce(sum(incident_months.incident_count), 0) as bigint) as incident_count,
        cast(coalesce(sum(incident_months.affected_orders), 0) as bigint) as affected_orders
    from months
    cross join rules
    left join incident_months
        on
            months.month >= incident_months.month
            and months.month - cast(rules.months as integer) * interval 1 month
            < incident_months.month
    group by all
),

scored_months as (
    select
        burdened_months.*,
        as_of.as_of_date,
        least(rules.most_points, affected_orders / rules.orders_per_point) as incident_points,
        case
            when
                (is_complete or last_day(month) > as_of.as_of_date)
                and coalesce(delivery_count >= fewest.minimum_deliveries, true)
                and delivery_score is not null
                then round(greatest(0, delivery_score - incident_points), 6)
        end as score
    from burdened_months
    cross join rules
    inner join {{ ref('delivery_measures') }} as fewest on fewest.measure = 'score'
    cross join {{ ref('int_as_of') }} as as_of
),

operations_health as (
    select
        grades.grade,
        scored_months.delivery_grade,
        case when scored_months.score is null then 'insufficient_data' else 'ok' end as status,
        scored_months.is_complete,
        scored_months.has_unknown_part,
        scored_months.score,
        scored_months.delivery_score,
        scored_months.incident_points,
        scored_months.incident_count,
        scored_months.affected_orders,
        scored_months.month,
        scored_months.as_of_date
    from scored_months
    left join grades
        on
            scored_months.score >= grades.minimum_score
            and scored_months.score < grades.next_bound
)

select * from operations_health
