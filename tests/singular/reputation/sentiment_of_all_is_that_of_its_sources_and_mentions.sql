-- sentiment agrees with itself and with the mentions kept, month by month: all mentions are those
-- of the sources, kind by kind.
with totals as (
    select
        dimension,
        month,
        sum(positive_count) as positive_count,
        sum(negative_count) as negative_count,
        sum(neutral_count) as neutral_count
    from {{ ref('sentiment') }}
    group by all
),

kept_totals as (
    select
        cast(date_trunc('month', mentioned_on) as date) as month,
        sum(positive_count) as positive_count,
        sum(negative_count) as negative_count,
        sum(neutral_count) as neutral_count
    from {{ kept('mentions') }}
    group by all
),

kept_totals_twice as (
    select
        *,
        unnest(['all', 'source']) as dimension
    from kept_totals
)

select
    coalesce(totals.dimension, kept_totals_twice.dimension) as dimension,
    coalesce(totals.month, kept_totals_twice.month) as month
from totals
full join kept_totals_twice
    on totals.dimension = kept_totals_twice.dimension and totals.month = kept_totals_twice.month
where
    totals.positive_count is distinct from kept_totals_twice.positive_count
    or totals.negative_count is distinct from kept_totals_twice.negative_count
    or totals.neutral_count is distinct from kept_totals_twice.neutral_count
