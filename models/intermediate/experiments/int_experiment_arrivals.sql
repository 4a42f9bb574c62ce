-- One row per experiment: the units that came a day in the last two weeks.
with units as (
    select * from {{ ref('experiment_units') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

int_experiment_arrivals as (
    select
        units.experiment_id,
        count(*) filter (
            date_diff('day', {{ shop_day('units.assigned_at') }}, as_of.as_of_date) < 14
        ) / cast(14 as double) as units_per_day
    from units
    cross join as_of
    where not units.is_excluded
    group by units.experiment_id
)

select * from int_experiment_arrivals
