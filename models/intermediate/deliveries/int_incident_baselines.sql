-- What would have become of a delivery that overlaps with an incident, had there been none.
-- 1. The comparison group are undisturbed deliveries still on their way as many days before their
--    promise. All deliveries would be no comparison group: those that overlap with an incident
--    are often long on the way.
-- 2. Those of the same carrier and warehouse count; they are shrunk towards those of the carrier,
--    these towards all of the group, and these towards all undisturbed deliveries, each with the
--    prior weight `incident_baseline_weight`.
{% set weight = var('incident_baseline_weight') -%}
with compared as (
    select * from {{ ref('int_incident_groups') }}
),

of_any as (
    select
        late_count / delivery_count as late_rate,
        total_days / delivery_count as mean_days,
        total_squares / delivery_count as mean_square
    from compared
    where breadth = 'any'
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
