-- 1. A series runs from its first day to the as-of date and is complete up to the day until which
--    its source is covered (int_metric_spans).
-- 2. Today is not over: the as-of date is never complete, and what is not complete is never tested.
-- 3. A day without rows is 0 or unknown as the rule says; the mean or rate of no case is unknown.
-- 4. A day of which a row of the source was rejected says so.
with sums as (
    select * from {{ ref('int_metric_sums') }}
),

spans as (
    select * from {{ ref('int_metric_spans') }}
),

rules as (
    select * from {{ ref('daily_metrics') }}
),

rejected_days as (
    select * from {{ ref('int_rejected_days') }}
),

grid as (
    select
        *,
        unnest(cast(generate_series(first_day, as_of_date, interval 1 day) as date[])) as day
    from spans
),

filled as (
    select
        grid.*,
        rules.kind,
        rules.unit,
        rejected_days.day is not null as has_unknown_part,
        case
            when sums.metric is not null then sums.numerator
            when rules.empty_day = 'zero' or wholes.numerator > 0 then 0
        end as numerator,
        coalesce(sums.denominator, wholes.numerator) as denominator
    from grid
    inner join rules on grid.metric = rules.metric
    left join sums
        on
            grid.metric = sums.metric
            and grid.dimension = sums.dimension
            and grid.entity = sums.entity
            and grid.day = sums.day
    left join rejected_days
        on rules.source = rejected_days.input_table and grid.day = rejected_days.day
    left join sums as wholes
        on rules.share_of = wholes.metric and wholes.dimension = 'all' and grid.day = wholes.day
),

metric_daily as (
    select
        metric,
        dimension,
        entity,
        unit,
        day <= covered_until as is_complete,
        has_unknown_part,
        case
            when kind in ('count', 'sum') then numerator
            else numerator / nullif(denominator, 0)
        end as value,
        numerator,
        denominator,
        day
    from filled
)

select * from metric_daily
