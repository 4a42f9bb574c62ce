"""One row per model, horizon, metric and baseline: how well it did on held-out time."""

from retail_analytics.customers.champions import CHURN, customer_reign
from retail_analytics.customers.churn.backtest import backtest
from retail_analytics.customers.clv.groups import cut_off_season
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Fits on the older cut-offs and measures on the newest."""
    training = dbt.ref("int_churn_training")
    horizons = dbt.ref("churn_horizons")
    orders = dbt.ref("orders")
    cut_offs = dbt.ref("int_churn_cut_offs")
    reigns = dbt.ref("int_model_reigns")
    return apart(
        backtest,
        training.df(),
        horizons=horizons.df()["horizon_days"].tolist(),
        trade=cut_off_season(session, orders=orders, cut_offs=cut_offs.df(), number=1),
        reign=customer_reign(CHURN, reigns=reigns.df()),
    )
