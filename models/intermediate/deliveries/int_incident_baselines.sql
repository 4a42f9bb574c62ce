-- What would have become of a parcel that met an incident, had there been none.
-- 1. Its like are undisturbed parcels still on their way as many days before their promise. All
--    parcels would be no yardstick: who meets an incident has often been on its way for long.
-- 2. Its like of the same carrier and warehouse count; where they are few, those of the carrier
--    weigh in with `incident_baseline_weight` parcels, in the same way with these all parcels that
--    are its like, and with these all undisturbed parcels.
{% set weight = var('incident_baseline_weight') %}
with parcels as (
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
        ]) as likeness
    from {{ ref('int_deliveries_due') }}
),

wanted as (
    select distinct
        likeness.breadth as breadth,
        likeness.carrier as carrier,
        likeness.warehouse as warehouse,
        days_left
    from parcels
    where incident_id is not null and days_left >= 0
),

undisturbed as (
    select
        likeness.breadth as breadth,
        likeness.carrier as carrier,
        likeness.warehouse as warehouse,
        days_past_promise,
        count(*) as delivery_count,
        count(*) filter (is_late) as late_count,
        sum(days_past_promise) as total_days,
        sum(days_past_promise * days_past_promise) as total_squares
    from parcels
    where is_undisturbed
    group by all
),

whole as (
    select
        sum(late_count) / sum(delivery_count) as late_rate,
        sum(total_days) / sum(delivery_count) as mean_days,
        sum(total_squares) / sum(delivery_count) as mean_square
    from undisturbed
    where breadth = 'all'
),

likes as (
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
    group by wanted.breadth, wanted.carrier, wanted.warehouse, wanted.days_left
),

of_all as (
    select
        likes.days_left,
        {{ shrunk('likes.late_count', 'likes.delivery_count', 'whole.late_rate', weight) }}
            as late_rate,
        {{ shrunk('likes.total_days', 'likes.delivery_count', 'whole.mean_days', weight) }}
            as mean_days,
        {{ shrunk('likes.total_squares', 'likes.delivery_count', 'whole.mean_square', weight) }}
            as mean_square
    from likes
    cross join whole
    where likes.breadth = 'all'
),

of_carriers as (
    select
        likes.carrier,
        likes.days_left,
        {{ shrunk('likes.late_count', 'likes.delivery_count', 'of_all.late_rate', weight) }}
            as late_rate,
        {{ shrunk('likes.total_days', 'likes.delivery_count', 'of_all.mean_days', weight) }}
            as mean_days,
        {{ shrunk('likes.total_squares', 'likes.delivery_count', 'of_all.mean_square', weight) }}
            as mean_square
    from likes
    inner join of_all on likes.days_left = of_all.days_left
    where likes.breadth = 'carrier'
),

of_warehouses as (
    select
        likes.carrier,
        likes.warehouse,
        likes.days_left,
        likes.delivery_count,
        {{ shrunk('likes.late_count', 'likes.delivery_count', 'of_carriers.late_rate', weight) }}
            as late_rate,
        {{ shrunk('likes.total_days', 'likes.delivery_count', 'of_carriers.mean_days', weight) }}
            as mean_days,
        {{ shrunk(
            'likes.total_squares', 'likes.delivery_count', 'of_carriers.mean_square', weight
        ) }}
            as mean_square
    from likes
    inner join of_carriers
        on likes.carrier = of_carriers.carrier and likes.days_left = of_carriers.days_left
    where likes.breadth = 'warehouse'
),

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
        -- of the variance of one parcel, what an error of the mean has
        1 / (delivery_count + {{ weight }}) as error_share
    from of_warehouses
)

select * from incident_baselines
