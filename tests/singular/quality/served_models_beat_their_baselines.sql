-- Models that serve, by the metric that decides it, and do no better than their baseline.
select
    mart,
    model,
    target,
    metric,
    horizon_days,
    value,
    baseline,
    baseline_value
from {{ ref('model_quality') }}
where
    is_serving
    and model <> baseline
    and metric in ('ranked_probability_score', 'log_loss')
    and value >= baseline_value
