"""One row per horizon (its level) and one a feature: the model that gives the churn risks."""

from retail_analytics.customers.churn.backtest import choose_method
from retail_analytics.customers.churn.model import churn_coefficients


def model(dbt, session):
    """Fits what did best in the backtest to the year before today."""
    training = dbt.ref("int_churn_training")
    backtest = dbt.ref("churn_backtest")
    risk_classes = dbt.ref("churn_risk_classes")
    as_of = dbt.ref("int_as_of")
    horizons = risk_classes.df()["horizon_days"].unique().tolist()
    return churn_coefficients(
        training.df(),
        horizons=horizons,
        as_of_date=as_of.df()["as_of_date"].iloc[0],
        method=choose_method(backtest.df()),
    )
