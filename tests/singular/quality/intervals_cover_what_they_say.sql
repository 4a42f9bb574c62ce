-- Intervals of 80 % that held far fewer or far more outcomes than that in the backtest: a suspicion
-- to look into, for what comes after a build's data may differ from what came before. The coverage
-- of churn risks is that of ten groups on one day: too few to suspect anything.
{{ config(severity='warn') }}
select
    mart,
    model,
    target,
    metric,
    horizon_days,
    coverage,
    row_count
from {{ ref('model_quality') }}
where
    is_serving
    and mart <> 'customer_churn_risks'
    and metric = 'coverage_rate'
    and row_count >= 1000
    and coverage not between 0.65 and 0.95
