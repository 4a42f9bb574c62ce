-- The 80 % intervals of a metric held at least .70 of its outcomes, from 100 outcomes on and give or
-- take two standard errors: the steps of one origin hang together and count as one. There is no upper
-- limit: of counts near zero an interval can only hold too much. Series that never moved (no scale,
-- hence no `mase`) are no proof and have no part.
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
where outcome_count >= 100 and not coalesce(coverage >= 0.70 - margin, false)
