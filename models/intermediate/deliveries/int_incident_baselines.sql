-- What would have become of a delivery that met an incident, had there been none.
-- 1. The comparison group are undisturbed deliveries still on their way as many days before their
--    promise. All deliveries would be no yardstick: who meets an incident is often long on the way.
-- 2. Those of the same carrier and warehouse count; they are shrunk towards those of the carrier,
--    these towards all of the group, and these towards all undisturbed deliveries, each with the
--    prior weight `incident_baseline_weight`.
{% set weight = var('incident_baseline_weight') -%}
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

of_any as (
    select
        sum(late_count) / sum(delivery_count) as late_rate,
        sum(total_days) / sum(delivery_count) as mean_days,
        sum(total_squares) / sum(delivery_count) as mean_square
    from undisturbed
    where breadth = 'all'
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

{% for breadth, wider, keys in [
    ('all', 'of_any', ''), ('carrier', 'of_all', 'days_left'),
    ('warehouse', 'of_carrier', 'carrier, days_left')
] -%}
of_{{ breadth }} as (
    select
        {% for mean, total in {
            'late_rate': 'late_count', 'mean_days': 'total_days', 'mean_square': 'total_squares'
        }.items() -%}
        {{ shrunk('compared.' ~ total, 'compared.delivery_count', wider ~ '.' ~ mean, weight) }}
            as {{ mean }},
        {% endfor -%}
        compared.delivery_count,
        compared.carrier,
        compared.warehouse,
        compared.days_left
    from compared
    {{ 'inner join ' ~ wider ~ ' using (' ~ keys ~ ')' if keys else 'cross join ' ~ wider }}
    where compared.breadth = '{{ breadth }}'
),

{% endfor -%}
incident_baselines as (
    select
        carrier,
        warehouse,
        days_left,
        cast(delivery_count as bigint) as delivery_count,
        late_rate,
        round(late_rate * (1 - late_rate), 9) as late_variance,
        mean_days,
        round(greatest(mean_square - mean_days * mean_days, 0), 9) as days_variance,
        -- of the variance of one delivery, what an error of the mean has
        1 / (delivery_count + {{ weight }}) as error_share
    from of_warehouse
)

select * from incident_baselines
