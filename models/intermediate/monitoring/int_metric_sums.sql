-- 1. A day of which one part is unknown is unknown: null, not less.
-- 2. A metric that is a share of another (`share_of`) is that one's slice over its whole.
with metric_facts as (
    select * from {{ ref('int_metric_facts') }}
    where day is not null
),

rules as (
    select * from {{ ref('daily_metrics') }}
),

sliced as (
    select
        source,
        day,
        unnest(slices) as slice,
        figures
    from metric_facts
),

counted as (
    select
        source,
        slice.dimension as dimension,
        slice.entity as entity,
        day,
        unnest(figures) as figure
    from sliced
    where slice.entity is not null
),

summed as (
    select
        figure.metric as metric,
        source,
        dimension,
        entity,
        day,
        -- as decimals: the sum of doubles depends on their order
        case
            when count(figure.numerator) = count(*)
                then {{ decimal_sum('figure.numerator') }}
        end as numerator,
        {{ decimal_sum('figure.denominator') }} as denominator
    from counted
    group by all
),

shares as (
    select
        rules.metric,
        summed.source,
        summed.dimension,
        summed.entity,
        summed.day,
        summed.numerator,
        wholes.numerator as denominator
    from rules
    inner join summed on rules.share_of = summed.metric and summed.dimension <> 'all'
    inner join summed as wholes
        on
            summed.metric = wholes.metric
            and summed.day = wholes.day
            and wholes.dimension = 'all'
),

metric_sums as (
    select * from summed
    union all
    select * from shares
)

select * from metric_sums
