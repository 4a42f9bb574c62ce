-- Undisturbed deliveries that those which overlap with an incident are compared with
-- (int_incident_baselines): still on their way as many days before their promise. The row of any
-- holds all undisturbed ones, however many days were left.
with deliveries as (
    select
        *,
        unnest([
            {'breadth': 'all', 'carrier': '', 'warehouse': ''},
            {'breadth': 'carrier', 'carrier': coalesce(carrier, ''), 'warehouse': ''},
            {
                'breadth': 'warehouse',
                'carrier': coalesce(carrier, ''),
                'warehouse': coalesce(warehouse, '')
            }
        ]) as group_name
    from {{ ref('int_deliveries_due') }}
),

wanted as (
    select distinct
        group_name.breadth as breadth,
        group_name.carrier as carrier,
        group_name.warehouse as warehouse,
        days_left
    from deliveries
    where incident_id is not null and days_left >= 0
),

undisturbed as (
    select
        group_name.breadth as breadth,
        group_name.carrier as carrier,
        group_name.warehouse as warehouse,
        days_past_promise,
        count(*) as delivery_count,
        count(*) filter (is_late) as late_count,
        sum(days_past_promise) as total_days,
        sum(days_past_promise * days_past_promise) as total_squares
    from deliveries
    where is_undisturbed
    group by all
),

compared as (
    select
        wanted.breadth,
        wanted.carrier,
        wanted.warehouse,
        wanted.days_left,
        coalesce(sum(undisturbed.delivery_count), 0) as delivery_count,
        coalesce(sum(undisturbed.late_count), 0) as late_count,
        coalesce(sum(undisturbed.total_days), 0) as total_days,
        coalesce(sum(undisturbed.total_squares), 0) as total_squares
    from wanted
    left join undisturbed
        on
            wanted.breadth = undisturbed.breadth
            and wanted.carrier = undisturbed.carrier
            and wanted.warehouse = undisturbed.warehouse
            and undisturbed.days_past_promise >= -wanted.days_left
    group by all
),

incident_groups as (
    select * from compared
    union all
    select
        'any' as breadth,
        '' as carrier,
        '' as warehouse,
        null as days_left,
        sum(delivery_count) as delivery_count,
        sum(late_count) as late_count,
        sum(total_days) as total_days,
        sum(total_squares) as total_squares
    from undisturbed
    where breadth = 'all'
)

select * from incident_groups
