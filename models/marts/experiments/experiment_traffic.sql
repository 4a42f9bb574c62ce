-- 1. Days go to `traffic_days` (seeds/rules/experiments/experiment_settings.csv); a day on which
--    nobody is seen for the first time repeats the count of the day before.
with sightings as (
    select * from {{ ref('int_experiment_sightings') }}
),

settings as (
    select * from {{ ref('int_experiment_settings') }}
),

day_numbers as (
    select unnest(generate_series(1, cast(settings.traffic_days as bigint))) as day_number
    from settings
),

first_seen as (
    select
        day_number,
        count(*) as unit_count
    from sightings
    group by day_number
),

any_traffic as (
    select count(*) as unit_count
    from sightings
),

experiment_traffic as (
    select
        cast(day_numbers.day_number as bigint) as day_number,
        cast(
            sum(coalesce(first_seen.unit_count, 0)) over (order by day_numbers.day_number) as bigint
        ) as unit_count
    from day_numbers
    inner join any_traffic on any_traffic.unit_count > 0
    left join first_seen on day_numbers.day_number = first_seen.day_number
)

select * from experiment_traffic
