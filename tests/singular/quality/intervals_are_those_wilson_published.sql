-- Every stated interval agrees with the equation that defines it (Wilson 1927): at its ends the
-- observed rate is z standard errors away, the standard error taken at the end itself.
with intervals as (
    select
        share as rate,
        sum(cancellation_count) over () as trials,
        share_lower as lower_end,
        share_upper as upper_end
    from {{ ref('churn_reasons') }}
    union all
    select
        on_time_rate as rate,
        delivery_count as trials,
        on_time_rate_lower as lower_end,
        on_time_rate_upper as upper_end
    from {{ ref('delivery_performance') }}
    where delivery_count is not null
),

ends as (
    select
        rate,
        trials,
        lower_end as interval_end,
        lower_end <= rate as is_on_its_side
    from intervals
    union all
    select
        rate,
        trials,
        upper_end as interval_end,
        upper_end >= rate as is_on_its_side
    from intervals
)

select *
from ends
where
    not coalesce(is_on_its_side, false)
    or abs(
        (rate - interval_end) * (rate - interval_end)
        - cast({{ var('interval_z') }} as double) * {{ var('interval_z') }}
        * interval_end * (1 - interval_end) / trials
    ) > 1e-9
