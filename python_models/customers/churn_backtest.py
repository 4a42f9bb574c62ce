"""One row per model, horizon, metric and baseline: how well it did on held-out time."""

from retail_analytics.customers.churn.backtest import backtest


def model(dbt, session):
    """Fits on the older cut-offs and measures on the newest."""
    training = dbt.ref("int_churn_training")
    risk_classes = dbt.ref("churn_risk_classes")
    horizons = risk_classes.df()["horizon_days"].unique().tolist()
    return backtest(training.df(), horizons=horizons)
