-- The 80 % intervals of a metric held .70 to .90 of at least 100 outcomes, give or take two standard
-- errors. The steps of one origin hang together and count as one: of few series a share says little.
-- Series that never moved (no scale, hence no `mase`) are no proof and have no part.
with shares as (
    select
        metric,
        sum(origin_count) as outcome_count,
        sum(coverage * origin_count) / sum(origin_count) as coverage,
        2 * sqrt(0.8 * 0.2 * max(horizon_months) / sum(origin_count)) as margin
    from {{ ref('metric_forecast_backtest') }}
    where origin_count > 0 and mase is not null
    group by metric
)

select *
from shares
where
    outcome_count >= 100
    and not coalesce(coverage between 0.70 - margin and 0.90 + margin, false)
