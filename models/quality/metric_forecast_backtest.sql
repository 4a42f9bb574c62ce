with forecast_run as (
    select * from {{ ref('forecast_run') }}
),

metric_forecast_backtest as (
    select
        metric,
        dimension,
        entity,
        method,
        baseline,
        status,
        horizon_months,
        origin_count,
        mae,
        mase,
        smape,
        baseline_mae,
        baseline_mase,
        baseline_smape,
        relative_mae,
        combination_relative_mae,
        coverage,
        scaled_interval_score,
        baseline_scaled_interval_score,
        as_of_period
    from forecast_run
)

select * from metric_forecast_backtest
