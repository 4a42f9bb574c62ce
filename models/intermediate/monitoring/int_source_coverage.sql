-- 1. A source is covered up to the day before today, but no longer after its last row than it was
--    ever silent in its last year. When a file ends, that is one alert of its age, not a fall of all
--    that is made from it.
-- 2. A source dated on first days of months only holds totals of months: it has no days.
-- 3. Only what has happened covers days: a parcel on its way that is promised for weeks after the
--    file's end made those weeks look like weeks without an arrival.
with sums as (
    select * from {{ ref('int_metric_sums') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

source_days as (
    select distinct
        source,
        day
    from sums
    where metric is distinct from 'on_time_rate'
),

gaps as (
    select
        *,
        date_diff('day', lag(day) over (partition by source order by day), day) as gap_days,
        max(day) over (partition by source) as newest_day
    from source_days
),

silences as (
    select
        source,
        max(newest_day) as newest_day,
        cast(coalesce(max(gap_days) filter (day > newest_day - 365), 0) as integer)
            as longest_gap_days
    from gaps
    group by source
    having count(*) = 1 or not bool_and(day(day) = 1)
),

source_coverage as (
    select
        silences.source,
        silences.newest_day,
        silences.longest_gap_days,
        as_of.as_of_date,
        least(as_of.as_of_date - 1, silences.newest_day + silences.longest_gap_days)
            as covered_until
    from silences
    cross join as_of
)

select * from source_coverage
