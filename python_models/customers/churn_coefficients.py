"""One row per horizon (its level) and one per feature: the model that gives the churn risks."""

from retail_analytics.customers.churn.backtest import served_method
from retail_analytics.customers.churn.model import churn_coefficients
from retail_analytics.customers.clv.groups import cut_off_season
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Fits what did best in the backtest to the two years before today."""
    training = dbt.ref("int_churn_training")
    backtest = dbt.ref("churn_backtest")
    horizons = dbt.ref("churn_horizons")
    orders = dbt.ref("orders")
    cut_offs = dbt.ref("int_churn_cut_offs")
    as_of = dbt.ref("int_as_of")
    purchases = orders.filter("is_purchase and customer_id is not null")
    return apart(
        churn_coefficients,
        training.df(),
        horizons=horizons.df()["horizon_days"].tolist(),
        as_of_date=as_of.df()["as_of_date"].iloc[0],
        method=served_method(backtest.df()),
        trade=cut_off_season(session, orders=orders, cut_offs=cut_offs.df(), number=0),
        customer_count=purchases.unique("customer_id").shape[0],
    )
