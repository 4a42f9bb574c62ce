-- Models that serve, by the metric that chose them, and do no better than their baseline: a suspicion
-- to look into, for what a backtest of one shop can tell is limited. What does not beat its baseline
-- is not served; the tests of the project assert on known data that it is so.
{{ config(severity='warn') }}
with served as (
    select
        mart,
        model,
        target,
        metric,
        baseline,
        avg(value) as value,
        avg(baseline_value) as baseline_value
    from {{ ref('model_quality') }}
    where
        is_serving
        and model <> baseline
        and metric in ('ranked_probability_score', 'brier_score')
        and target in ('orders', 'no_purchase')
    group by
        mart,
        model,
        target,
        metric,
        baseline
)

select *
from served
where value >= baseline_value
